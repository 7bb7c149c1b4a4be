import type { CompiledClaim } from './compiled-claim.js';
import { foldText } from './fold-text.js';
import { isOwnablePath } from './path-shape.js';

/**
 * Takes two patterns; gives a path that both name if both are a plain path or folder (`src/a.ts`, `src/`, `src/**`)
 * and one lies in the other. Nothing is said about other patterns: most pairs that meet in a plan are folders, and
 * this spares them the automata.
 */
export function sharedByFolders(a: CompiledClaim, b: CompiledClaim): string | undefined {
  const x = folderOf(a);
  const y = folderOf(b);
  if (x === undefined || y === undefined) return undefined;
  const [outer, inner] = x.path.length <= y.path.length ? [x, y] : [y, x];
  const fold = a.caseInsensitive ? foldText : (text: string): string => text;
  const same = fold(outer.path) === fold(inner.path);
  if (!same && !fold(inner.path).startsWith(`${fold(outer.path)}/`)) return undefined;
  const witness = inner.itself && (!same || outer.itself) ? inner.path : `${inner.path}/a`;
  return isOwnablePath(witness) ? witness : undefined;
}

/** The folder whose whole content a pattern claims, and whether it claims a file of that name too. */
function folderOf(compiled: CompiledClaim): { path: string; itself: boolean } | undefined {
  const { glob, below } = compiled.claim;
  const path = compiled.literal ?? (glob.endsWith('/**') ? glob.slice(0, -3) : undefined);
  // picomatch's `**` does not match a line end, and what else is special in a path is not looked at here.
  if (path === undefined || path === '' || /[\\*?[\]{}()|!+@"^$\n\r\u2028\u2029]/.test(path))
    return undefined;
  return { path, itself: compiled.literal !== undefined && below === 'also' };
}
