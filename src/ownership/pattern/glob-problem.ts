import { escapeGlob } from '../../util/paths/glob-escape.js';

/** A glob that forge does not read: what is wrong, where in its text, and what to write instead. */
export class GlobProblem extends Error {
  constructor(
    message: string,
    readonly at: number,
    readonly length: number,
    readonly hint?: string,
    readonly code: 'pattern-invalid' | 'path-outside-root' | 'reserved-path' = 'pattern-invalid',
  ) {
    super(message);
  }
}

/** What picomatch reads in a way that nobody can mean, and what says it plainly. */
const REFUSED = {
  optional: [
    'picomatch reads a `?` behind a group as part of a regular expression',
    'write `?(…)` for a group that may be missing, `[^/]` for any one character',
  ],
  plus: [
    'picomatch reads this `+` as part of a regular expression',
    'write `+(…)` for a group that repeats, `\\+` for the character itself',
  ],
  assertion: [
    'picomatch reads `(?` as part of a regular expression',
    'write `[^/]` for any one character, `\\?` for a question mark',
  ],
  bar: ['`|` is read in parentheses only', 'write `{a,b}` for a choice, `\\|` for the character itself'],
  'bar in class': ['picomatch may split the group at this `|`', 'write `\\|` as a choice of its own'],
  'backward range': ['a range of characters runs backwards', 'write the smaller one first'],
  'late negation': ['`!` stands before `./`', 'write `!` first, or `\\!` for the character itself'],
  run: ['picomatch reads a run of this sign as a regular expression', 'write a backslash before each'],
  slash: ['a slash is not escaped', 'write `/`'],
  backslash: ['picomatch loses backslashes', 'write `[\\\\]` for a backslash in a name'],
  range: [
    'a range has one letter or digit on each side',
    'write `{a..e}` or `{1..9}`, and longer ones as `{8,9,10}`',
  ],
  'range and dot': ['picomatch takes dots beside a range for any character', ''],
  stars: ['picomatch takes dots beside `***` for any character', 'write `*`'],
  'stars and group': ['picomatch reads `***(` in several ways', 'write `*`, and then the group'],
  repetition: [
    'picomatch takes a repeated group with such choices for plain text',
    'leave out choices that are empty, only wildcards, repeated groups, or repetitions of other choices',
  ],
  braces: ['braces without a comma are plain text', 'take them away, or write `\\{` and `\\}`'],
  depth: ['groups are nested more than 100 deep', 'write several patterns'],
} as const;

export function refused(
  what: keyof typeof REFUSED,
  at: number,
  length: number,
  hint: string = REFUSED[what][1],
): GlobProblem {
  return new GlobProblem(REFUSED[what][0], at, length, hint);
}

export function unpaired(glob: string, at: number): GlobProblem {
  const one = glob[at]!;
  return new GlobProblem(`\`${one}\` has no partner`, at, 1, `write \\${one} for the character itself`);
}

/**
 * The offset of the character that the backslash at an offset makes ordinary.
 * @throws GlobProblem
 */
export function escapedAt(glob: string, at: number): number {
  const one = glob[at + 1];
  if (one !== undefined && /\W/.test(one)) return at + 1;
  throw new GlobProblem(
    'a backslash does not separate segments: it makes the next character ordinary',
    at,
    one === undefined ? 1 : 2,
    `write ${glob.replaceAll('\\', '/')}`,
  );
}

/** `!(…)`, of which `at` is the sign. */
export function negatedGroup(glob: string, at: number): GlobProblem {
  if (!glob.includes(')', at)) return unpaired(glob, at + 1);
  const body = /^!\(((?:\\.|[^\\()])*)\)/s.exec(glob.slice(at))?.[1];
  const message = '`!(…)` is not read in patterns';
  if (body === undefined)
    return new GlobProblem(message, at, 2, 'write `*` and add a `!pattern` for each exception');
  const [before, after] = [glob.slice(0, at), glob.slice(at + body.length + 3)];
  const wide = JSON.stringify(`${before.replace(/\*+$/, '')}*${after.replace(/^\*+/, '')}`);
  const exception = JSON.stringify(`!${before}${body.includes('|') ? `@(${body})` : body}${after}`);
  const alone = at === 0 ? `, or ${exception} alone to take that away` : '';
  return new GlobProblem(message, at, body.length + 3, `write ${wide} and add ${exception}${alone}`);
}

/** A text in quotes, of which `at` is the first quote. */
export function quoted(glob: string, at: number): GlobProblem {
  const end = glob.indexOf('"', at + 1);
  if (end < 0) return unpaired(glob, at);
  const plain = glob.replace(/"([^"]*)"/g, (_, text: string) => escapeGlob(text));
  return new GlobProblem(
    'quotes are not read in patterns',
    at,
    end + 1 - at,
    `write ${plain}, or \\" for the character itself`,
  );
}

const POSIX: Readonly<Record<string, string>> = {
  alnum: 'A-Za-z0-9',
  alpha: 'A-Za-z',
  digit: '0-9',
  lower: 'a-z',
  upper: 'A-Z',
  word: 'A-Za-z0-9_',
  xdigit: '0-9A-Fa-f',
};

/** A class, of which `at` is the bracket, that names other classes, as `[[:digit:]]` does. */
export function posixClass(glob: string, at: number): GlobProblem {
  const text = /^\[(?:\[:\w+:\]|[^\]])*\]?/.exec(glob.slice(at))![0];
  const plain = text.replace(/\[:(\w+):\]?/g, (name, key: string) => POSIX[key] ?? name);
  const hint = plain.includes('[:') ? 'write the characters themselves, as in `[a-z_]`' : `write ${plain}`;
  return new GlobProblem('named classes, as `[:alpha:]`, are not read in patterns', at, text.length, hint);
}
