import { foldText } from '../automaton/char-set.js';
import { isOwnablePath } from '../automaton/path-shape.js';
import type { Pattern } from '../pattern/pattern.js';

/**
 * A path that two patterns name if both are a plain path or folder (`src/a.ts`, `src/`, `src/**`) and one lies in the
 * other. Nothing is said about other patterns: most pairs that meet in a plan are folders, and this spares them the
 * automata.
 */
export function sharedByFolders(a: Pattern, b: Pattern): string | undefined {
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
function folderOf({ glob, below, literal }: Pattern): { path: string; itself: boolean } | undefined {
  const path = literal ?? (glob.endsWith('/**') ? glob.slice(0, -3) : undefined);
  if (path === undefined || path === '' || /[\\*?[\]{}()|!+@"^$]/.test(path)) return undefined;
  return { path, itself: literal !== undefined && below === 'also' };
}
