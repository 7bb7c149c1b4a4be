import { constants } from 'node:fs';
import { access, lstat } from 'node:fs/promises';
import { eachBounded } from './bounded.js';
import type { ResolvedEntry } from './entry.js';
import { type Folder, NotAFolderError, openFolder } from './folder.js';
import { codeOf, explain, MergeError, NOTHING_TOUCHED } from './merge-error.js';
import { blockedParent, describe } from './parents.js';

/** Where the files of one folder are staged: undefined = in the merge folder. */
export type StagingPlaces = Map<string, string | undefined>;

/** The folder part of a relative path, '' for root. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** The last segment of a path. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Items by the folder of their path. */
export function byFolder<T extends { path: string }>(items: Iterable<T>): Map<string, T[]> {
  const folders = new Map<string, T[]>();
  for (const item of items) {
    const folder = parentOf(item.path);
    const list = folders.get(folder);
    if (list) list.push(item);
    else folders.set(folder, [item]);
  }
  return folders;
}

/**
 * Finds out before the commit point what would stop the merge after it: folders that can't be written, read-only
 * file systems, immutable files, mount points, parents swapped for symlinks. Gives for each folder where its files
 * must be staged so that they can be linked into place (`device` is that of the merge folder). Throws a MergeError.
 */
export async function preflight(
  root: string,
  writes: readonly ResolvedEntry[],
  device: number,
): Promise<StagingPlaces> {
  const folders = new Set(writes.filter((w) => w.kind === 'directory').map((w) => w.path));
  const places: StagingPlaces = new Map();
  await eachBounded(byFolder(writes), async ([folder, items]) => {
    const path = items[0]!.path;
    try {
      const blocked = await blockedParent(root, path, (p) => folders.has(p));
      if (blocked)
        throw new MergeError(`The working tree has just changed: ${describe(blocked)}. ${NOTHING_TOUCHED}`);
      const { open, at } = await openNearest(root, folder);
      try {
        await access(open.at('.'), constants.W_OK | constants.X_OK);
        const stat = await lstat(open.at('.'));
        places.set(folder, stat.dev === device ? undefined : at);
        if (at !== folder) return;
        for (const item of items) {
          await checkTarget(open, item, stat).catch((error: unknown) => {
            throw explain('replace', item.path, error, NOTHING_TOUCHED);
          });
        }
      } finally {
        await open.close();
      }
    } catch (error) {
      throw explain('write into the folder of', path, error, NOTHING_TOUCHED);
    }
  });
  return places;
}

/** The folder, or the nearest one above it that exists. */
async function openNearest(root: string, folder: string): Promise<{ open: Folder; at: string }> {
  try {
    return { open: await openFolder(root, folder), at: folder };
  } catch (error) {
    const missing = codeOf(error) === 'ENOENT' || error instanceof NotAFolderError;
    if (!missing || folder === '') throw error;
    return openNearest(root, parentOf(folder));
  }
}

async function checkTarget(
  folder: Folder,
  item: ResolvedEntry,
  parent: { dev: number; mode: number; uid: number },
): Promise<void> {
  if (item.expected === null || item.expected.kind === 'symlink') return;
  const at = folder.at(nameOf(item.path));
  const stat = await lstat(at).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (stat === undefined || stat.isSymbolicLink()) return;
  const name = JSON.stringify(item.path);
  if (stat.dev !== parent.dev && item.kind !== 'mode')
    throw new MergeError(`${name} is a mount point and can't be replaced or removed. ${NOTHING_TOUCHED}`);
  const user = process.geteuid?.() ?? 0;
  const sticky = (parent.mode & 0o1000) !== 0 && user !== 0 && parent.uid !== user;
  const foreign = user !== 0 && stat.uid !== user;
  if (foreign && (sticky || item.kind === 'mode'))
    throw new MergeError(`${name} belongs to another user, so you can't change it. ${NOTHING_TOUCHED}`);
  await access(at, constants.W_OK).catch((error: unknown) => {
    // EACCES: its permission bits protect its content, not its being replaced.
    if (codeOf(error) !== 'EACCES' && codeOf(error) !== 'ETXTBSY') throw error;
  });
}
