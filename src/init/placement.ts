import { constants, type Stats } from 'node:fs';
import { access, lstat, realpath } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { ForgeError } from '../util/errors/forge-error.js';

/**
 * Takes the root (a real path) and paths relative to it; makes sure that each can be written or removed there: every
 * folder on the way is a folder inside the root, and the nearest that is there may be written. Throws ForgeError (1) for
 * the first that cannot, before anything was changed.
 */
export async function checkPlaces(root: string, paths: readonly string[]): Promise<void> {
  for (const folder of new Set(paths.map((path) => dirname(path)))) {
    const nearest = await nearestFolder(root, folder);
    await access(nearest, constants.W_OK | constants.X_OK).catch((error: NodeJS.ErrnoException) => {
      const why = error.code === 'EROFS' ? 'the file system is read-only' : 'permission denied';
      throw new ForgeError(`cannot write in ${nearest}: ${why}; nothing was changed`);
    });
  }
}

async function nearestFolder(root: string, folder: string): Promise<string> {
  let at = root;
  if (folder === '.') return at;
  for (const name of folder.split('/')) {
    const next = join(at, name);
    const stat = await look(next);
    if (stat === undefined) return at;
    if (stat.isSymbolicLink()) await refuseLinkOut(root, next);
    else if (!stat.isDirectory())
      throw new ForgeError(
        `${next} is a file, not a folder; move it away and try again. Nothing was changed`,
      );
    at = next;
  }
  return at;
}

async function refuseLinkOut(root: string, path: string): Promise<void> {
  const target = await realpath(path).catch(() => undefined); // a dangling link leads nowhere
  const where = target === undefined ? undefined : relative(root, target);
  if (
    where !== undefined &&
    where !== '..' &&
    !where.startsWith(`..${sep}`) &&
    (await lstat(target!)).isDirectory()
  )
    return;
  const leads = target === undefined ? 'to nothing' : `to ${target}, which is no folder of this project`;
  throw new ForgeError(
    `${path} is a symbolic link that leads ${leads}; forge init writes inside the project only. Nothing was changed`,
  );
}

/** What lies at a path, links not followed; undefined for nothing. Throws ForgeError (1) when it can't be told. */
export async function look(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new ForgeError(`cannot look at ${path}: ${(error as Error).message}; nothing was changed`);
  }
}
