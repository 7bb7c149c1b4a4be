import { realpathSync } from 'node:fs';

/** A real path as people write it: with `~` for the home folder where it really lies in there. */
export function withTilde(path: string, home = process.env.HOME): string {
  if (home === undefined || !home.startsWith('/')) return path;
  const real = realPath(home);
  if (real === '/' || !(path === real || path.startsWith(`${real}/`))) return path;
  return `~${path.slice(real.length)}`;
}

function realPath(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    // A HOME that is not there holds nothing: the text as it stands will match no real path.
    return path;
  }
}
