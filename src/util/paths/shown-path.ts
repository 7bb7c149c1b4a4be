import { realpathSync } from 'node:fs';
import { isAbsolute, relative } from 'node:path';

/** An absolute path as people in a folder write it: relative to the folder where it lies in there. */
export function shownPath(path: string, folder = process.cwd()): string {
  const below = relative(folder, path);
  return below === '' || below.startsWith('..') || isAbsolute(below) ? path : below;
}

/** A real path as people write it: with `~` for the home folder where it really lies in there. */
export function withTilde(path: string, home = process.env.HOME): string {
  if (home === undefined || !home.startsWith('/')) return path;
  const folder = realPath(home);
  if (folder === '/' || !(path === folder || path.startsWith(`${folder}/`))) return path;
  return `~${path.slice(folder.length)}`;
}

/** Asked of the disk once: the live view shows such paths ten times a second. */
const real = new Map<string, string>();

function realPath(path: string): string {
  const known = real.get(path);
  if (known !== undefined) return known;
  let found = path;
  try {
    found = realpathSync.native(path);
  } catch {
    // A HOME that is not there holds nothing: the text as it stands will match no real path.
  }
  real.set(path, found);
  return found;
}
