import { constants, type Stats } from 'node:fs';
import { access, lstat, open as openFile } from 'node:fs/promises';
import { eachBounded } from '../../util/async/each-bounded.js';
import { codeOf } from '../../util/errors/system-error.js';
import { nameOf, parentOf } from '../../util/paths/relative-path.js';
import { blockedParent, describe } from '../base/parents.js';
import { MergeError, mergeFailure, NOTHING_TOUCHED } from '../merge-error.js';
import type { ResolvedEntry } from '../resolve/entry.js';
import { type Folder, NotAFolderError, openFolder } from './folder.js';
import { Removal } from './removal.js';

/** Where the files of one folder are staged: undefined = in the merge folder. */
export type StagingPlaces = Map<string, string | undefined>;

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
 * file systems, immutable and append-only files and folders, mount points, parents swapped for symlinks. Gives for
 * each folder where its files must be staged so that they can be linked into place. `dir` is the merge folder.
 * @throws MergeError naming the path and what to do
 */
export async function preflight(
  root: string,
  writes: readonly ResolvedEntry[],
  dir: string,
): Promise<StagingPlaces> {
  const removal = await Removal.prepare(dir);
  try {
    return await checkAll(root, writes, (await lstat(dir)).dev, removal);
  } finally {
    await removal.close();
  }
}

async function checkAll(
  root: string,
  writes: readonly ResolvedEntry[],
  device: number,
  removal: Removal,
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
          await checkTarget(open, item, stat, removal).catch((error: unknown) => {
            throw mergeFailure('replace', item.path, error, NOTHING_TOUCHED);
          });
        }
      } finally {
        await open.close();
      }
    } catch (error) {
      throw mergeFailure('write into the folder of', path, error, NOTHING_TOUCHED);
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
  removal: Removal,
): Promise<void> {
  if (item.expected === null) return;
  const at = folder.at(nameOf(item.path));
  const stat = await lstat(at).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (stat === undefined) return;
  const name = JSON.stringify(item.path);
  if (stat.dev !== parent.dev && item.kind !== 'mode')
    throw new MergeError(`${name} is a mount point and can't be replaced or removed. ${NOTHING_TOUCHED}`);
  const user = process.geteuid?.() ?? 0;
  const sticky = (parent.mode & 0o1000) !== 0 && user !== 0 && parent.uid !== user;
  const foreign = user !== 0 && stat.uid !== user;
  if (foreign && (sticky || item.kind === 'mode'))
    throw new MergeError(`${name} belongs to another user, so you can't change it. ${NOTHING_TOUCHED}`);
  try {
    if (item.kind === 'mode') await checkModeChange(at, stat, removal);
    else await removal.check(at, stat.isDirectory());
  } catch (error) {
    if (codeOf(error) !== 'EPERM') throw error;
    const folderName = JSON.stringify(parentOf(item.path) || '.');
    throw new MergeError(
      `${name} can't be ${item.kind === 'absent' ? 'removed' : 'replaced'}: the operation is not permitted (EPERM), because it or its folder ${folderName} is append-only or immutable (lsattr -d shows it). Take that away with \`chattr -a -i\`. ${NOTHING_TOUCHED}`,
      { cause: error },
    );
  }
}

/**
 * chmod(2) is refused by the flags of the entry alone, while taking it away is also refused by those of its folder. For a
 * file, opening it for writing tells the two apart.
 */
async function checkModeChange(at: string | Buffer, stat: Stats, removal: Removal): Promise<void> {
  try {
    await removal.check(at, stat.isDirectory());
  } catch (error) {
    if (codeOf(error) !== 'EPERM' || !stat.isFile()) throw error;
    await openForWriting(at);
  }
}

async function openForWriting(at: string | Buffer): Promise<void> {
  try {
    await (await openFile(at, constants.O_WRONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)).close();
  } catch (error) {
    const code = codeOf(error);
    // Its permission bits protect its content, not its mode; a running program is busy; something else is there by now.
    if (code !== 'EACCES' && code !== 'ETXTBSY' && code !== 'ENOENT' && code !== 'ELOOP') throw error;
  }
}
