import picomatch from 'picomatch/posix.js';

/** How a set of patterns meets the file system it is about. */
export interface MatchOptions {
  caseInsensitive?: boolean;
}

/**
 * One pattern of a set, read by forge's rules:
 * - `subtracts`: it began with `!` and takes away (an even number of `!` cancels out, as in picomatch);
 * - `glob`: what picomatch gets to see, without `!` and leading `./`;
 * - `below`: what the pattern claims beside the paths that picomatch matches. `also`: a pattern without wildcards
 *   also claims everything below it. `only`: a pattern with a trailing slash claims what is below and no more.
 */
export interface Claim {
  subtracts: boolean;
  glob: string;
  below: 'nothing' | 'also' | 'only';
}

/** Longer patterns are refused: Linux takes no longer path, and picomatch's parser is cubic at worst. */
export const MAX_LENGTH = 4096;
/** More parentheses are refused: 1,300 nested ones take picomatch's parser five seconds. */
export const MAX_PARENTHESES = 100;

/** A `!` that picomatch reads as an extended glob `!(…)` is not a subtraction. */
const SUBTRACTION = /^!(?!\((?!\?[!=<:]))/;
const WILDCARD = /[*?[\]{}()|]/;

/** Takes the text of a pattern as written; gives the claim it stands for. Never throws: `checkPattern` judges. */
export function readClaim(pattern: string): Claim {
  let glob = pattern;
  let subtracts = false;
  while (SUBTRACTION.test(glob)) {
    glob = glob.slice(1);
    subtracts = !subtracts;
  }
  while (glob.startsWith('./')) glob = glob.slice(2);
  const bare = glob.replace(/\\./gs, '');
  const below = glob.endsWith('/') ? 'only' : WILDCARD.test(bare) ? 'nothing' : 'also';
  return { subtracts, glob, below };
}

/**
 * Takes a glob within the limits above, not empty; gives the source of the regular expression that picomatch
 * compiles it to, `dot: true` and `/` as the only separator; read with the flag `s`, since a file name may hold newlines. Null when picomatch refuses it: it then matches
 * nothing but a path that is spelled exactly like the pattern.
 */
export function regexSourceOf(glob: string): string | null {
  // Without these nothing can be wrong with the expression, and V8 need not be asked.
  if (!/[\\[\](){}|"!]/.test(glob)) return `^(?:${picomatch.makeRe(glob, { dot: true }, true)})$`;
  const source = picomatch.makeRe(glob, { dot: true }).source;
  return source === '$^' ? null : source;
}
