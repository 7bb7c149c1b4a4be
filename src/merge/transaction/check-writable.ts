import { constants, type Stats } from 'node:fs';
import { access, lstat, mkdir, open as openFile, rename, rmdir, writeFile } from 'node:fs/promises';
import { forEachConcurrent } from '../../util/async/for-each-concurrent.js';
import { codeOf, ignoring } from '../../util/errors.js';
import { removeTree } from '../../util/files/remove-tree.js';
import { byFolder, nameOf, parentOf } from '../../util/paths/path.js';
import { MergeError, mergeFailure, NOTHING_TOUCHED } from '../merge-error.js';
import type { ResolvedEntry } from '../merge-plan.js';
import { blockedParent } from '../resolve/blocked-parent.js';
import { type Folder, isFolderGone, openFolder } from './folder.js';

/** Where the files of one folder are staged: undefined = in the merge folder. */
export type StagingPlaces = Map<string, string | undefined>;

/**
 * Finds out before the commit point what would stop the merge after it: folders that can't be written, read-only
 * file systems, immutable and append-only files and folders, mount points, parents swapped for symlinks. Gives for
 * each folder where its files must be staged so that they can be linked into place. `dir` is the merge folder.
 * @throws MergeError naming the path and what to do
 */
export async function checkWritable(
  root: string,
  writes: readonly ResolvedEntry[],
  dir: string,
): Promise<StagingPlaces> {
  const { dev } = await lstat(dir);
  const occupied = `${dir}/occupied`;
  await mkdir(occupied, { recursive: true });
  await writeFile(`${occupied}/nothing-can-be-moved-here`, '');
  const folders = new Set(writes.filter(({ kind }) => kind === 'directory').map(({ path }) => path));
  const places: StagingPlaces = new Map();
  try {
    await forEachConcurrent(byFolder(writes), async ([folder, items]) => {
      const path = items[0]!.path;
      try {
        const blocked = blockedParent(root, path, (each) => folders.has(each));
        if (blocked)
          throw new MergeError(`The working tree has just changed: ${blocked.reason}. ${NOTHING_TOUCHED}`);
        const { open, at } = await openNearest(root, folder);
        try {
          await access(open.at('.'), constants.W_OK | constants.X_OK);
          const stat = await lstat(open.at('.'));
          places.set(folder, stat.dev === dev ? undefined : at);
          if (at === folder) for (const item of items) await checkTarget(open, item, stat, occupied);
        } finally {
          await open.close();
        }
      } catch (error) {
        throw mergeFailure('write into the folder of', path, error, NOTHING_TOUCHED);
      }
    });
  } finally {
    await removeTree(occupied);
  }
  return places;
}

/** The folder, or the nearest one above it that exists. */
async function openNearest(root: string, folder: string): Promise<{ open: Folder; at: string }> {
  try {
    return { open: await openFolder(root, folder), at: folder };
  } catch (error) {
    if (!isFolderGone(error) || folder === '') throw error;
    return openNearest(root, parentOf(folder));
  }
}

async function checkTarget(
  folder: Folder,
  item: ResolvedEntry,
  parent: Stats,
  occupied: string,
): Promise<void> {
  if (item.expected === null) return;
  const at = folder.at(nameOf(item.path));
  const name = JSON.stringify(item.path);
  try {
    const stat = await lstat(at);
    if (stat.dev !== parent.dev && item.kind !== 'mode')
      throw new MergeError(`${name} is a mount point and can't be replaced or removed. ${NOTHING_TOUCHED}`);
    const user = process.geteuid?.() ?? 0;
    const sticky = (parent.mode & 0o1000) !== 0 && user !== 0 && parent.uid !== user;
    const foreign = user !== 0 && stat.uid !== user;
    if (foreign && (sticky || item.kind === 'mode'))
      throw new MergeError(`${name} belongs to another user, so you can't change it. ${NOTHING_TOUCHED}`);
    if (item.kind === 'mode') await checkModeChange(at, stat, occupied);
    else await checkRemoval(at, stat.isDirectory(), occupied);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT') return;
    if (code !== 'EPERM') throw mergeFailure('replace', item.path, error, NOTHING_TOUCHED);
    const folderName = JSON.stringify(parentOf(item.path) || '.');
    throw new MergeError(
      `${name} can't be ${item.kind === 'absent' ? 'removed' : 'replaced'}: the operation is not permitted (EPERM), because it or its folder ${folderName} is append-only or immutable (lsattr -d shows it). Take that away with \`chattr -a -i\`. ${NOTHING_TOUCHED}`,
      { cause: error },
    );
  }
}

/** What the kernel says of a rename that it would allow, but for what is in the way: the way is a folder that is not empty. */
const ALLOWED: ReadonlySet<string | undefined> = new Set(['EISDIR', 'ENOTEMPTY', 'EEXIST', 'ENOENT']);

/**
 * Asks the kernel whether an entry may be taken away, without taking it: a rename over a folder that is not empty
 * (`occupied`) always fails, but a flag (append-only, immutable), a sticky folder or a read-only file system is found
 * first (may_delete() in Linux's fs/namei.c). No program can read those flags through Node, and access(2) knows nothing
 * of append-only.
 * @throws the system's error that taking it away would give
 */
async function checkRemoval(at: string | Buffer, isFolder: boolean, occupied: string): Promise<void> {
  try {
    await rename(at, occupied);
  } catch (error) {
    const code = codeOf(error);
    if (ALLOWED.has(code)) return;
    // Moving a folder takes more rights than removing it, and a folder that goes is removed.
    if (isFolder && (code === 'EACCES' || code === 'EXDEV')) return;
    if (code !== 'EXDEV') throw error;
    // On another file system than the merge folder: rmdir(2) of what is no folder, which fails as well.
    return await rmdir(at).catch(ignoring('ENOTDIR', 'ENOENT'));
  }
  throw new Error(
    `this file system let a folder that is not empty be replaced: what was there is now ${occupied}`,
  );
}

/**
 * chmod(2) is refused by the flags of the entry alone, while taking it away is also refused by those of its folder. For a
 * file, opening it for writing tells the two apart.
 */
async function checkModeChange(at: string | Buffer, stat: Stats, occupied: string): Promise<void> {
  try {
    await checkRemoval(at, stat.isDirectory(), occupied);
  } catch (error) {
    if (codeOf(error) !== 'EPERM' || !stat.isFile()) throw error;
    const flags = constants.O_WRONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    // Its permission bits protect its content, not its mode; a running program is busy; something else is there by now.
    const handle = await openFile(at, flags).catch(ignoring('EACCES', 'ETXTBSY', 'ENOENT', 'ELOOP'));
    await handle?.close();
  }
}
