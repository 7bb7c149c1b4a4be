import type { MatchOptions } from './claim.js';
import { CompiledClaim } from './compiled-claim.js';
import { literalClaims } from './literal-claims.js';
import { isOwnablePath } from './path-shape.js';

/** Takes a path relative to the root, `/`-separated; says whether the set claims it. */
export type PathMatcher = (path: string) => boolean;

/**
 * Takes the patterns of one `owns` or `reads` as written, in any order; gives the function that says whether they
 * claim a path: some pattern names it and no `!pattern` does. The same automata as in the proof decide, so
 * enforcement and proof cannot disagree. Never throws; a pattern that `checkPattern` refuses as undecidable claims
 * nothing, or subtracts everything.
 */
export function createMatcher(patterns: readonly string[], options: MatchOptions = {}): PathMatcher {
  const caseInsensitive = options.caseInsensitive === true;
  const claims = patterns.map((text) => new CompiledClaim(text, caseInsensitive));
  const adds = anyOf(claims.filter(({ claim }) => !claim.subtracts));
  const subtracts = anyOf(claims.filter(({ claim }) => claim.subtracts));
  return (path) => isOwnablePath(path) && adds(path) && !subtracts(path);
}

/** Whether any of the patterns names a path, `!` left aside. */
function anyOf(claims: readonly CompiledClaim[]): PathMatcher {
  const plain = (claim: CompiledClaim): boolean => claim.literal !== undefined && !claim.caseInsensitive;
  const literals = literalClaims(claims.filter(plain));
  const globs = claims.filter((claim) => !plain(claim));
  return (path) => literals(path) || globs.some((claim) => claim.names(path));
}
