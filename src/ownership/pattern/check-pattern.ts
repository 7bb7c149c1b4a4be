import { parseGlob } from './glob-parser.js';
import { GlobProblem } from './glob-problem.js';
import { Pattern } from './pattern.js';

/** What is wrong with a pattern; `start` and `end` are offsets in the pattern's text, `end` one past the last. */
export interface PatternProblem {
  code: GlobProblem['code'];
  message: string;
  hint?: string | undefined;
  start: number;
  end: number;
}

const DRIVE = /^[A-Za-z]:[\\/]/;
const NUL = /(\0)/;
const PARENT = /(?:^|[/{,(|])((?:\\?\.){2})(?=$|[/},)|])/;
const RESERVED = /(?:^|[/{,(|])(\\?\.(?:git|forge))(?=$|[/},)|])/i;
const EMPTY_SEGMENT = /(\/{2,})/;
const DOT_SEGMENT = /(?:^|\/)(\.)(?=\/|$)/;

/**
 * The first thing that is wrong with a pattern of `owns`, `reads` or `shares`, or null. What passes can be compiled
 * and decided. A subtraction may name `.git` and `.forge`.
 */
export function checkPattern(text: string): PatternProblem | null {
  const { glob, subtracts } = new Pattern(text, false);
  try {
    checkShape(glob);
    parseGlob(glob, false);
    checkSegments(glob, subtracts);
    return null;
  } catch (error) {
    if (!(error instanceof GlobProblem)) throw error;
    const { code, message, hint, at, length } = error;
    const start = text.length - glob.length + at;
    return {
      code,
      message,
      hint,
      start: glob === '' ? 0 : start,
      end: Math.min(start + length, text.length),
    };
  }
}

function checkShape(glob: string): void {
  if (glob === '' || glob === '.')
    throw new GlobProblem('the pattern is empty', 0, 1, 'write `**` to claim every file');
  if (glob.startsWith('/') || DRIVE.test(glob)) {
    const message = 'patterns are relative to the root; this is an absolute path';
    throw new GlobProblem(message, 0, glob.length, undefined, 'path-outside-root');
  }
  refuse(glob, NUL, 'no path holds a NUL character');
  refuse(glob, PARENT, '`..` leads out of the root', 'path-outside-root');
}

function checkSegments(glob: string, subtracts: boolean): void {
  refuse(glob, EMPTY_SEGMENT, 'no path has an empty or `.` segment');
  refuse(glob, DOT_SEGMENT, 'no path has an empty or `.` segment');
  if (subtracts) return;
  const name = RESERVED.exec(glob)?.[1]?.replace('\\', '').toLowerCase();
  refuse(glob, RESERVED, `${name} is reserved, in every folder: no task may claim it`, 'reserved-path');
}

/** Refuses a glob of which an expression matches a part; the part is the expression's group. */
function refuse(glob: string, expression: RegExp, message: string, code?: GlobProblem['code']): void {
  const match = expression.exec(glob);
  if (match === null) return;
  const at = match.index + match[0].lastIndexOf(match[1]!);
  throw new GlobProblem(message, at, match[1]!.length, undefined, code);
}
