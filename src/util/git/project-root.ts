import { existsSync, lstatSync, opendirSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { ExitCode, ForgeError } from '../errors.js';
import { isReservedPath } from '../paths/path.js';
import { isGitFolder, isRepositoryTop, repositoryAbove } from './repository.js';

/** A folder that cannot be the root of a plan, though it is there. */
export class RootError extends ForgeError {
  constructor(
    readonly root: string,
    /** Whether it is, or lies in, a folder that is nobody's to work in. */
    readonly isReserved: boolean,
    message: string,
  ) {
    super(`${root} ${message}`, ExitCode.invalid);
  }
}

/**
 * The real path of the working tree of a plan: its `root` relative to the plan's folder, otherwise the nearest folder
 * at or above the plan that is the top of a git repository (or worktree, or submodule), otherwise the plan's folder.
 * @throws RootError, the file system's error (with `code`), or one with code ENOTDIR when it is not a folder.
 */
export function resolveRoot(file: string, root: string | undefined): string {
  const folder = dirname(file);
  const real = realpathSync.native(
    root === undefined ? (repositoryAbove(folder) ?? folder) : resolve(folder, root),
  );
  if (real.includes('\ufffd') && !existsSync(real))
    throw new RootError(real, false, 'is a path that is not UTF-8, and forge works only where it is');
  if (!statSync(real).isDirectory()) throw Object.assign(new Error('not a folder'), { code: 'ENOTDIR' });
  if (isReservedPath(real) || isInGitFolder(real)) {
    const what = isReservedPath(real) ? 'a .git or .forge folder' : 'a bare repository';
    const message = `is, or lies in, ${what}: no task may work there`;
    throw new RootError(real, true, message);
  }
  return real;
}

/** A bare repository has any name; what its hooks say, git runs. A worktree may lie in one. */
function isInGitFolder(folder: string): boolean {
  for (let at = folder; ; at = dirname(at)) {
    if (isRepositoryTop(at)) return false;
    if (isGitFolder(at)) return true;
    if (dirname(at) === at) return false;
  }
}

/**
 * Whether names in a folder (its real path) differ by case alone: whether the first entry that has a letter is also found
 * by its name in the other case. An empty folder counts as case-sensitive.
 */
export function isCaseInsensitive(root: string): boolean {
  const folder = opendirSync(root);
  try {
    for (let entry = folder.readSync(); entry !== null; entry = folder.readSync()) {
      const swapped =
        entry.name.toUpperCase() === entry.name ? entry.name.toLowerCase() : entry.name.toUpperCase();
      if (swapped === entry.name) continue;
      const here = lstatSync(join(root, entry.name), { throwIfNoEntry: false });
      const there = lstatSync(join(root, swapped), { throwIfNoEntry: false });
      if (here === undefined) continue;
      return there !== undefined && here.ino === there.ino && here.dev === there.dev;
    }
    return false;
  } finally {
    folder.closeSync();
  }
}
