import type { CompiledClaim } from './compiled-claim.js';

/**
 * Takes patterns of which each is a plain path, case counting; gives a function that says whether any of them names
 * a path. It looks up the path and the folders above it, so the number of patterns does not matter.
 */
export function literalClaims(claims: readonly CompiledClaim[]): (path: string) => boolean {
  const files = new Set<string>();
  const folders = new Set<string>();
  for (const { claim, literal } of claims) {
    if (literal === undefined || literal === '') continue;
    folders.add(literal);
    if (claim.below === 'also') files.add(literal);
  }
  if (folders.size === 0) return () => false;
  return (path) => {
    if (files.has(path)) return true;
    for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
      if (folders.has(path.slice(0, slash))) return true;
    }
    return false;
  };
}
