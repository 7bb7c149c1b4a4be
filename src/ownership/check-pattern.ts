import { MAX_LENGTH, readClaim, regexSourceOf } from './claim.js';
import { CompiledClaim } from './compiled-claim.js';
import { isSimple } from './outline.js';
import { UndecidableConstruct } from './regex-parser.js';
import { unbalancedAt } from './unbalanced.js';

/** What is wrong with a pattern; `start` and `end` are offsets in the pattern's text, `end` one past the last. */
export interface PatternProblem {
  code: 'pattern-invalid' | 'path-outside-root' | 'reserved-path';
  message: string;
  hint?: string;
  start: number;
  end: number;
}

const DRIVE = /^[A-Za-z]:[\\/]/;
const PARENT = /(?:^|[/{,(|])((?:\\?\.){2})(?=$|[/},)|])/;
const RESERVED = /(?:^|[/{,(|])(\\?\.(?:git|forge))(?=$|[/},)|])/i;
const EMPTY_SEGMENT = /(\/{2,})/;
const DOT_SEGMENT = /(?:^|\/)(\.)(?=\/|$)/;
const LETTER_ESCAPE = /^(?:[^\\]|\\[^A-Za-z0-9_])*?(\\(?:[A-Za-z0-9_]|$))/s;

/**
 * Takes the text of an `owns` or `reads` pattern; gives the first thing that is wrong with it, or null. What passes
 * can be compiled and decided. A subtraction may name `.git` and `.forge`.
 */
export function checkPattern(pattern: string): PatternProblem | null {
  const { glob, subtracts } = readClaim(pattern);
  const offset = pattern.length - glob.length;
  const problem = problemOf(glob, subtracts);
  if (problem === null) return null;
  return { ...problem, start: glob === '' ? 0 : problem.start + offset, end: problem.end + offset };
}

function problemOf(glob: string, subtracts: boolean): PatternProblem | null {
  type Part = { at: number; length: number };
  const problem = (
    code: PatternProblem['code'],
    message: string,
    hint?: string,
    { at, length }: Part = { at: 0, length: glob.length },
  ): PatternProblem => ({
    code,
    message,
    ...(hint === undefined ? {} : { hint }),
    start: at,
    end: at + length,
  });
  const part = (expression: RegExp): Part | null => {
    const match = expression.exec(glob);
    if (match === null) return null;
    return { at: match.index + match[0].lastIndexOf(match[1]!), length: match[1]!.length };
  };

  if (glob === '' || glob === '.') {
    return problem('pattern-invalid', 'the pattern is empty', 'write `**` to claim every file');
  }
  if (glob.length > MAX_LENGTH) {
    return problem('pattern-invalid', `the pattern is longer than ${MAX_LENGTH} characters`);
  }
  if (glob.startsWith('/') || DRIVE.test(glob)) {
    return problem('path-outside-root', 'patterns are relative to the root; this is an absolute path');
  }
  const nul = glob.indexOf('\0');
  if (nul >= 0) {
    return problem('pattern-invalid', 'no path holds a NUL character', undefined, { at: nul, length: 1 });
  }
  if (glob.includes('..')) {
    const parent = part(PARENT);
    if (parent) return problem('path-outside-root', '`..` leads out of the root', undefined, parent);
  }
  if (glob.includes('\\')) {
    const letter = part(LETTER_ESCAPE);
    if (letter) {
      const message = 'a backslash does not separate segments: it makes the next character ordinary';
      return problem('pattern-invalid', message, `write ${glob.replaceAll('\\', '/')}`, letter);
    }
  }
  if (glob.includes('//') || glob.includes('.')) {
    const segment = part(EMPTY_SEGMENT) ?? part(DOT_SEGMENT);
    if (segment) return problem('pattern-invalid', 'no path has an empty or `.` segment', undefined, segment);
  }
  if (!subtracts && /\.(?:git|forge)/i.test(glob) && !glob.includes('!(')) {
    const reserved = part(RESERVED);
    if (reserved) {
      const name = glob
        .slice(reserved.at, reserved.at + reserved.length)
        .replace('\\', '')
        .toLowerCase();
      const message = `${name} is reserved, in every folder: no task may claim it`;
      return problem('reserved-path', message, undefined, reserved);
    }
  }
  if (isSimple(glob)) return null;

  const at = unbalancedAt(glob);
  if (at >= 0) {
    const char = glob[at]!;
    const hint = `write \\${char} for the character itself`;
    return problem('pattern-invalid', `\`${char}\` has no partner`, hint, { at, length: 1 });
  }
  const { program } = new CompiledClaim(glob, false);
  if (!(program instanceof UndecidableConstruct) && regexSourceOf(glob) === null) {
    const hint = 'escape special characters with a backslash if they are part of a name';
    return problem('pattern-invalid', 'the pattern makes no sense to picomatch', hint);
  }
  if (program instanceof UndecidableConstruct) {
    return problem('pattern-invalid', `the pattern has ${program.message}, which forge cannot decide`);
  }
  return null;
}
