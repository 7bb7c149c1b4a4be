import { readClaim } from './claim.js';

/** What is wrong with a pattern; `start` and `end` are offsets in the pattern's text, `end` one past the last. */
export interface PatternProblem {
  code: 'pattern-invalid' | 'path-outside-root' | 'reserved-path';
  message: string;
  hint?: string;
  start: number;
  end: number;
}

const NAMES_PARENT = /(?<=^!*|[/{,(|])(?:\\?\.){2}(?=$|[/},)|])/;
const NAMES_RESERVED =
  /(?<=^!*(?:\.\/)*|[/{,(|])\\?\.git(?=$|[/},)|])|(?<=^!*(?:\.\/)*[{(]*)\\?\.forge(?=$|[/},)|])/i;
const NAMES_NOTHING = /(?<=\/)\.?(?=\/)|(?<=\/)\.$/;
const LETTER_ESCAPE = /(?<!\\)(?:\\\\)*(\\(?:[A-Za-z0-9_]|$))/;
const OPENERS: Readonly<Record<string, string>> = { '(': ')', '{': '}' };

/** Takes the text of an `owns` or `reads` pattern; gives what is wrong with it, or null. Only the first problem is given. */
export function checkPattern(pattern: string): PatternProblem | null {
  const { glob, subtracts } = readClaim(pattern);
  const whole = (code: PatternProblem['code'], message: string, hint?: string): PatternProblem => ({
    code,
    message,
    ...(hint === undefined ? {} : { hint }),
    start: 0,
    end: pattern.length,
  });
  const at = (
    code: PatternProblem['code'],
    start: number,
    length: number,
    message: string,
    hint?: string,
  ): PatternProblem => ({ ...whole(code, message, hint), start, end: start + length });

  if (glob === '' || glob === '.')
    return whole('pattern-invalid', 'the pattern is empty', 'write `**` to claim every file');
  if (glob.length > 65_536) return whole('pattern-invalid', 'the pattern is longer than 65,536 characters');
  const nul = pattern.indexOf('\0');
  if (nul >= 0) return at('pattern-invalid', nul, 1, 'a path cannot hold a NUL character');
  const drive = /^!*([A-Za-z]:[\\/])/.exec(pattern);
  if (glob.startsWith('/') || drive !== null) {
    return whole('path-outside-root', 'an absolute path; patterns are relative to the root of the plan');
  }
  const parent = NAMES_PARENT.exec(pattern);
  if (parent) return at('path-outside-root', parent.index, parent[0].length, '`..` leads out of the root');
  const misused = LETTER_ESCAPE.exec(pattern);
  if (misused) {
    const text = misused[1]!;
    const start = misused.index + misused[0].length - text.length;
    const message =
      'a backslash is not a separator: it takes the meaning from the special character after it';
    return at('pattern-invalid', start, text.length, message, `write ${pattern.replaceAll('\\', '/')}`);
  }
  const nothing = NAMES_NOTHING.exec(pattern);
  if (nothing) {
    const start = Math.max(0, nothing.index - 1);
    return at(
      'pattern-invalid',
      start,
      Math.min(pattern.length, nothing.index + nothing[0].length + 1) - start,
      nothing[0] === '' ? 'an empty path segment: no file can match' : 'a `.` segment: no file can match',
    );
  }
  const reserved = subtracts || pattern.includes('!(') ? null : NAMES_RESERVED.exec(pattern);
  if (reserved) {
    const name = /forge/i.test(reserved[0]) ? '.forge' : '.git';
    return at(
      'reserved-path',
      reserved.index,
      reserved[0].length,
      `${name} belongs to ${name.slice(1)}: no task may own it`,
    );
  }
  const open = unbalancedAt(pattern);
  if (open >= 0) {
    const char = pattern[open]!;
    return at(
      'pattern-invalid',
      open,
      1,
      `\`${char}\` has no partner`,
      `write \\${char} for the character itself`,
    );
  }
  return null;
}

/** Offset of the first bracket, brace or parenthesis without a partner, or -1. */
function unbalancedAt(pattern: string): number {
  const stack: { at: number; close: string }[] = [];
  for (let i = 0; i < pattern.length; i += 1) {
    const char = pattern[i]!;
    if (char === '\\') i += 1;
    else if (char === '[') {
      const close = closingBracket(pattern, i);
      if (close < 0) return i;
      i = close;
    } else if (OPENERS[char] !== undefined) stack.push({ at: i, close: OPENERS[char] });
    else if (char === ')' || char === '}') {
      if (stack.pop()?.close !== char) return i;
    } else if (char === ']') return i;
  }
  return stack[0]?.at ?? -1;
}

/** Offset of the `]` that closes the class opened at `open`, or -1; a `]` that comes first stands for itself. */
function closingBracket(pattern: string, open: number): number {
  let i = open + 1;
  if (pattern[i] === '!' || pattern[i] === '^') i += 1;
  if (pattern[i] === ']') i += 1;
  for (; i < pattern.length; i += 1) {
    if (pattern[i] === '\\') i += 1;
    else if (pattern.startsWith('[:', i)) {
      const end = pattern.indexOf(':]', i + 2);
      if (end > 0) i = end + 1;
    } else if (pattern[i] === ']') return i;
  }
  return -1;
}
