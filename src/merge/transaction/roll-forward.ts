import { chmod, rmdir } from 'node:fs/promises';
import { forEachConcurrent } from '../../util/async/for-each-concurrent.js';
import { ignoring } from '../../util/errors.js';
import { syncPath } from '../../util/files/durable.js';
import { lstatOrNull } from '../../util/files/file-state.js';
import { byFolder, foldersAbove, nameOf } from '../../util/paths/path.js';
import { FINISHES_LATER, mergeFailure } from '../merge-error.js';
import type { MergeJob, NewContent, PlannedWrite } from '../merge-plan.js';
import { fault } from './fault.js';
import { ensureFolder, type Folder, isFolderGone, openFolder } from './folder.js';
import { install, isMovedAside, moveAside } from './install.js';

/**
 * Makes the working tree what the plan says. Every step can be repeated, so calling it again after a crash at any
 * point ends in the same tree. Whatever is in the way is moved to `old/`, never overwritten: rename takes away exactly
 * what is there at that instant, and linking the new file never replaces anything, so an edit that is saved between
 * the two is found and moved aside too.
 * @throws HalfWrittenError naming the path
 */
export async function rollForward(job: MergeJob): Promise<void> {
  const { root, plan } = job;
  const { writes } = plan;
  const depth = ({ path }: PlannedWrite) => path.split('/').length;
  const deepestFirst = (a: PlannedWrite, b: PlannedWrite) => depth(b) - depth(a);
  const isOfFolder = ({ expected }: PlannedWrite) => expected?.kind === 'directory';

  const removed = writes.filter((write) => write.kind === 'absent' && !isOfFolder(write));
  const replaced = writes.filter((write) => write.kind === 'directory' && write.expected !== null);
  await inFolders(root, [...removed, ...replaced], async (folder, write) => {
    // Moved away already; what is there now was put there by the user after a crash.
    if (write.kind === 'absent' && isMovedAside(job, write)) return;
    if (write.kind === 'directory' && lstatOrNull(folder.at(nameOf(write.path)))?.kind === 'directory')
      return;
    await moveAside(job, folder, write);
    fault('merge-deleted');
  });

  const folders = writes.filter((write) => write.kind === 'absent' && isOfFolder(write));
  for (const write of folders.sort(deepestFirst)) {
    await inFolders(root, [write], removeIfEmpty);
    fault('merge-deleted');
  }

  const created = writes.filter(({ kind }) => kind === 'directory').sort((a, b) => depth(a) - depth(b));
  for (const { path, n } of created) {
    await explained(path, () => ensureFolder(job, path, n));
    fault('merge-folder');
  }

  const fresh = writes.filter(
    (write): write is NewContent => write.kind === 'file' || write.kind === 'symlink',
  );
  for (const [folder, items] of byFolder(fresh))
    await explained(folder, () => ensureFolder(job, folder, items[0]!.n));
  await inFolders(root, fresh, async (folder, write) => {
    await install(job, folder, write);
    fault('merge-renamed');
  });

  // Folders last and deepest first: one without write permission would keep its own content from being placed.
  const modes = writes.filter(({ kind }) => kind === 'mode' || kind === 'directory');
  const isFileMode = (write: PlannedWrite) => write.kind === 'mode' && !isOfFolder(write);
  await inFolders(root, modes.filter(isFileMode), setMode);
  for (const write of modes.filter((each) => !isFileMode(each)).sort(deepestFirst)) {
    await inFolders(root, [write], setMode);
    fault('merge-mode');
  }
  await syncFolders(root, writes);
}

/** Does something for each write, with its folder open; writes in folders that are gone have nothing left to do. */
async function inFolders<W extends PlannedWrite>(
  root: string,
  writes: readonly W[],
  work: (folder: Folder, write: W) => Promise<void>,
): Promise<void> {
  await forEachConcurrent(byFolder(writes), ([path, items]) =>
    inFolder(root, path, async (folder) => {
      // Within a folder the kernel takes turns anyway.
      for (const write of items) await explained(write.path, () => work(folder, write));
    }),
  );
}

async function inFolder(root: string, path: string, work: (folder: Folder) => Promise<void>): Promise<void> {
  let folder: Folder;
  try {
    folder = await openFolder(root, path);
  } catch (error) {
    if (isFolderGone(error)) return;
    throw mergeFailure('open the folder', path, error, FINISHES_LATER);
  }
  try {
    await work(folder);
  } finally {
    await folder.close();
  }
}

async function explained(path: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw mergeFailure('merge', path, error, FINISHES_LATER);
  }
}

async function removeIfEmpty(folder: Folder, { path }: PlannedWrite): Promise<void> {
  // Not empty: it holds something that is not the run's; gone or replaced: nothing to do.
  await rmdir(folder.at(nameOf(path))).catch(ignoring('ENOTEMPTY', 'EEXIST', 'ENOENT', 'ENOTDIR'));
}

/** Gives a file or folder its new permission bits and syncs it; something of another kind in its place is left alone. */
async function setMode(folder: Folder, write: PlannedWrite): Promise<void> {
  if (write.kind !== 'mode' && write.kind !== 'directory') return;
  const at = folder.at(nameOf(write.path));
  const kind = write.kind === 'directory' ? 'directory' : write.expected?.kind;
  const now = lstatOrNull(at);
  if (now === null || now.kind !== kind || now.kind === 'symlink') return;
  if (now.mode !== write.mode) await chmod(at, write.mode);
  // Where it is not readable for us (any more), the folder's own sync has to do.
  await syncPath(at).catch(ignoring('EACCES', 'ENOENT'));
}

/** Folders that were made on the way have their own entries to keep: each up to root. */
async function syncFolders(root: string, writes: readonly PlannedWrite[]): Promise<void> {
  const made = writes.filter(({ kind }) => kind === 'directory').map(({ path }) => path);
  const paths = new Set(['', ...foldersAbove(writes.map(({ path }) => path)), ...made]);
  await forEachConcurrent(paths, (path) =>
    inFolder(root, path, (folder) =>
      folder.sync().catch((error: unknown) => {
        throw mergeFailure('sync the folder', path, error, FINISHES_LATER);
      }),
    ),
  );
}
