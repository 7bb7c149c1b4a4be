import { constants, type Stats } from 'node:fs';
import { access, lstat, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { codeOf, ForgeError, messageOf } from '../../util/errors.js';
import { RECORD_FILE } from './record.js';

/**
 * Makes sure that each of the paths (and the record) can be written or removed below `root`, a real path: every folder on
 * the way is a folder inside the root, and the nearest that is there may be written. With no paths only the shape of
 * `.factory` is looked at, so that a set-up, read-only project has nothing to complain of.
 * @throws ForgeError (1) for the first that cannot, before anything was changed
 */
export async function checkWritable(root: string, paths: readonly string[]): Promise<void> {
  if (paths.length === 0 && (await statOf(join(root, '.factory')))?.isDirectory() !== false) return;
  for (const folder of new Set([...paths, RECORD_FILE].map((path) => dirname(path)))) {
    const nearest = await nearestFolder(root, folder);
    await access(nearest, constants.W_OK | constants.X_OK).catch((error) => {
      const why = codeOf(error) === 'EROFS' ? 'the file system is read-only' : 'permission denied';
      throw new ForgeError(`cannot write in ${nearest}: ${why}; nothing was changed`);
    });
  }
}

async function nearestFolder(root: string, folder: string): Promise<string> {
  let at = root;
  for (const name of folder === '.' ? [] : folder.split('/')) {
    const next = join(at, name);
    const stat = await statOf(next);
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
  const isInside = target !== undefined && `${target}/`.startsWith(root === '/' ? root : `${root}/`);
  if (isInside && (await lstat(target)).isDirectory()) return;
  const leads = target === undefined ? 'to nothing' : `to ${target}, which is no folder of this project`;
  throw new ForgeError(
    `${path} is a symbolic link that leads ${leads}; forge init writes inside the project only. Nothing was changed`,
  );
}

/** What lies at a path, links not followed; undefined for nothing. @throws ForgeError (1) when it can't be told */
export async function statOf(path: string): Promise<Stats | undefined> {
  return await lstat(path).catch((error) => {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')) return undefined;
    throw new ForgeError(`cannot look at ${path}: ${messageOf(error)}; nothing was changed`);
  });
}
