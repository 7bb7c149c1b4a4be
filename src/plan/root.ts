import { existsSync, lstatSync, opendirSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/**
 * Takes the absolute path of the plan file and the plan's `root`, if it has one; gives the real path of the working
 * tree: `root` relative to the plan's folder, otherwise the nearest folder above the plan that has a `.git` (a folder,
 * or a file as worktrees and submodules have), otherwise the plan's folder. Throws the file system's error (with
 * `code`), or one with code ENOTDIR when it is not a folder.
 */
export function resolveRoot(file: string, root: string | undefined): string {
  const folder = dirname(file);
  if (root === undefined) return realpathSync.native(nearestRepository(folder) ?? folder);
  const real = realpathSync.native(resolve(folder, root));
  if (!statSync(real).isDirectory()) throw Object.assign(new Error('not a folder'), { code: 'ENOTDIR' });
  return real;
}

function nearestRepository(folder: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, '.git'))) return at;
    if (dirname(at) === at) return undefined;
  }
}

/**
 * Takes the real path of a folder; says whether names there differ by case alone: whether the first entry that has a
 * letter is also found by its name in the other case. An empty folder counts as case-sensitive.
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
