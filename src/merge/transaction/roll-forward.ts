import { chmod, chown, link, rename, rmdir, symlink, unlink } from 'node:fs/promises';
import { forEachConcurrent } from '../../util/async/for-each-concurrent.js';
import { codeOf, hasCode, ignoring } from '../../util/errors.js';
import { copyFile, hashFile, syncPath } from '../../util/files/content.js';
import { type FileState, isSameMoved, lstatOrNull } from '../../util/files/file-state.js';
import { removeFile } from '../../util/files/remove-tree.js';
import { byFolder, encodePath, foldersAbove, nameOf } from '../../util/paths/path.js';
import { explaining, FINISHES_LATER, mergeFailure } from '../merge-error.js';
import { besideName, type MergeJob, type NewContent, type PlannedWrite } from '../merge-plan.js';
import { keepAttributes } from '../resolve/extended-attributes.js';
import { fault } from './fault.js';
import { ensureFolder, type Folder, freeName, isFolderGone, openFolder } from './folder.js';
import { stagedPath } from './stage.js';

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
    await explaining('merge', path, FINISHES_LATER, () => ensureFolder(job, path, n));
    fault('merge-folder');
  }

  const fresh = writes.filter(
    (write): write is NewContent => write.kind === 'file' || write.kind === 'symlink',
  );
  for (const [folder, items] of byFolder(fresh))
    await explaining('merge', folder, FINISHES_LATER, () => ensureFolder(job, folder, items[0]!.n));
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
      for (const write of items)
        await explaining('merge', write.path, FINISHES_LATER, () => work(folder, write));
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
      explaining('sync the folder', path, FINISHES_LATER, () => folder.sync()),
    ),
  );
}

/**
 * Puts the new file or symlink at its path. Does nothing when it is there already. The staged file stays until the
 * whole merge is durable (it is linked, not moved): as long as it is there, the merge may be repeated.
 */
async function install(job: MergeJob, folder: Folder, write: NewContent): Promise<void> {
  if (write.isPlaced) return;
  const at = folder.at(nameOf(write.path));
  const staged = stagedPath(job, write);
  for (;;) {
    const now = lstatOrNull(at);
    const fresh = write.kind === 'file' ? lstatOrNull(staged) : null;
    // All was in place once and its staged file removed; what is there now is the user's.
    if (write.kind === 'file' && fresh === null) return;
    if (now !== null && (await isInstalled(write, now, at, fresh, staged))) return;
    if (now?.kind === 'directory' && (await isRemoved(at))) continue;
    if (now !== null) await moveAside(job, folder, write);
    fault('merge-displaced');
    try {
      if (write.kind === 'symlink') await symlink(encodePath(write.target), at);
      else await putFile(job, folder, write, staged, at);
      return;
    } catch (error) {
      // Somebody saved in between: that is moved aside as well.
      if (codeOf(error) !== 'EEXIST') throw error;
    }
  }
}

async function isInstalled(
  write: NewContent,
  now: FileState,
  at: string | Buffer,
  fresh: FileState | null,
  staged: string | Buffer,
): Promise<boolean> {
  if (write.kind === 'symlink') return now.kind === 'symlink' && now.target === write.target;
  if (now.kind !== 'file' || fresh === null) return false;
  if (now.ino === write.ino) return true;
  // Copied because it could not be linked.
  return (
    now.size === fresh.size && now.mode === fresh.mode && (await hashFile(at)) === (await hashFile(staged))
  );
}

async function putFile(
  job: MergeJob,
  folder: Folder,
  write: NewContent & { kind: 'file' },
  staged: string | Buffer,
  at: string | Buffer,
): Promise<void> {
  try {
    await link(staged, at);
  } catch (error) {
    // A bind mount in between, or a file system without hard links: copy beside the target, then rename.
    if (!hasCode(error, 'EXDEV', 'EPERM', 'ENOTSUP', 'ENOSYS')) throw error;
    const copy = folder.at(`${besideName(job.run, write.n)}-new`);
    removeFile(copy);
    await copyFile(staged, copy, { exclusive: true });
    const fresh = lstatOrNull(staged);
    if (fresh !== null) {
      if (process.geteuid?.() === 0) await chown(copy, fresh.uid, fresh.gid);
      await keepAttributes(job.dir, [{ path: write.path, from: staged, expected: fresh, to: copy }]);
    }
    await syncPath(copy);
    await chmod(copy, write.mode);
    await rename(copy, at);
  }
}

/** Whether an empty folder could be removed, or has gone; false for one that holds something. */
async function isRemoved(at: string | Buffer): Promise<boolean> {
  try {
    await rmdir(at);
  } catch (error) {
    if (hasCode(error, 'ENOTEMPTY', 'EEXIST')) return false;
    if (!hasCode(error, 'ENOENT', 'ENOTDIR')) throw error;
  }
  return true;
}

/**
 * Moves whatever is at a write's path to the first free name of `old/<n>`, `old/<n>.1`, … in the merge folder. What is
 * not there is fine. From another device it is copied; the copy of what was expected is called `<n>.same`, because its
 * times can't be compared any more. A folder on another device stays beside its old place.
 */
async function moveAside(job: MergeJob, folder: Folder, write: PlannedWrite): Promise<void> {
  const from = folder.at(nameOf(write.path));
  const to = `${job.dir}/old/${write.n}`;
  try {
    await rename(from, freeName(to));
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT') return;
    if (code !== 'EXDEV') throw error;
    const state = lstatOrNull(from);
    if (state === null) return;
    if (state.kind === 'directory') {
      await rename(from, folder.at(`${besideName(job.run, write.n)}-old`));
      return;
    }
    const kept = freeName(isSameMoved(write.expected, state) ? `${to}.same` : to);
    if (state.kind === 'symlink') await symlink(encodePath(state.target!), kept);
    else await copyFile(from, kept, { exclusive: true });
    await unlink(from);
  }
}

/** Whether what a write replaces or removes was moved aside before, by its own name. */
function isMovedAside({ dir }: MergeJob, { n }: PlannedWrite): boolean {
  return lstatOrNull(`${dir}/old/${n}`) !== null || lstatOrNull(`${dir}/old/${n}.same`) !== null;
}
