import type { MatchOptions } from './claim.js';
import { CompiledClaim } from './compiled-claim.js';
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
  const adds = claims.filter((claim) => !claim.claim.subtracts);
  const subtracts = claims.filter((claim) => claim.claim.subtracts);
  return (path) =>
    isOwnablePath(path, caseInsensitive) &&
    adds.some((claim) => claim.names(path)) &&
    !subtracts.some((claim) => claim.names(path));
}
