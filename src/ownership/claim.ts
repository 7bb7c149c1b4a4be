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
 * Takes a glob (not empty) and whether case counts; gives the source of the regular expression that picomatch
 * compiles it to, `dot: true` and `/` as the only separator. Null when picomatch refuses it: it then matches
 * nothing but a path that is spelled exactly like the pattern.
 */
export function regexSourceOf(glob: string): string | null {
  if (glob === '' || glob.length > 65_536) return null;
  const source = picomatch.makeRe(glob, { dot: true }).source;
  return source === '$^' ? null : source;
}
