import { realpathSync } from 'node:fs';
import { isAbsolute, posix } from 'node:path';
import { codeOf } from '../../util/errors.js';
import { decodeName, encodePath, isWithin } from '../../util/paths/path.js';

/**
 * The target that a link of the working tree (path relative to root, target as stored) needs in a copy of the tree at
 * `copy`, or undefined where the same one does. A link must not lead a write back into the working tree, and a relative
 * link that leaves the tree must still lead where it led.
 */
export function targetInCopy(root: string, copy: string, path: string, target: string): string | undefined {
  const lexical = posix.normalize(posix.join(posix.dirname(path), target));
  if (!isAbsolute(target) && lexical !== '..' && !lexical.startsWith('../')) return undefined;
  const absolute = isAbsolute(target) ? target : posix.resolve(root, posix.dirname(path), target);
  for (const place of [posix.normalize(absolute), realPath(absolute)]) {
    if (place !== undefined && isWithin(place, root)) return copy + place.slice(root.length);
  }
  return isAbsolute(target) ? undefined : absolute;
}

/** What an absolute link target in a copy stands for in the working tree; others stand for themselves. */
export function targetInRoot(root: string, copy: string, target: string): string {
  return isAbsolute(target) && isWithin(target, copy) ? root + target.slice(copy.length) : target;
}

function realPath(path: string): string | undefined {
  try {
    return decodeName(realpathSync(encodePath(path), { encoding: 'buffer' }) as unknown as Buffer);
  } catch (error) {
    // A dangling link: where its folder really is decides.
    if (codeOf(error) !== 'ENOENT' || path === '/') return undefined;
    const folder = realPath(posix.dirname(path));
    return folder === undefined ? undefined : posix.join(folder, posix.basename(path));
  }
}
