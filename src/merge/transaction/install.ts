import { chmod, chown, link, rename, rmdir, symlink, unlink } from 'node:fs/promises';
import { codeOf, hasCode } from '../../util/errors.js';
import { copyFile } from '../../util/files/copy-file.js';
import { syncPath } from '../../util/files/durable.js';
import { type FileState, isSameMoved, lstatOrNull } from '../../util/files/file-state.js';
import { hashFile } from '../../util/files/hash.js';
import { removeFile } from '../../util/files/remove-tree.js';
import { encodePath, nameOf } from '../../util/paths/path.js';
import { besideName, type MergeJob, type NewContent, type PlannedWrite } from '../merge-plan.js';
import { keepAttributes } from '../resolve/extended-attributes.js';
import { fault } from './fault.js';
import { type Folder, freeName } from './folder.js';
import { stagedPath } from './stage.js';

/**
 * Puts the new file or symlink at its path. Does nothing when it is there already. The staged file stays until the
 * whole merge is durable (it is linked, not moved): as long as it is there, the merge may be repeated.
 */
export async function install(job: MergeJob, folder: Folder, write: NewContent): Promise<void> {
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
    const copy = folder.at(`${besideName(job.plan.run, write.n)}-new`);
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
export async function moveAside(job: MergeJob, folder: Folder, write: PlannedWrite): Promise<void> {
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
      await rename(from, folder.at(`${besideName(job.plan.run, write.n)}-old`));
      return;
    }
    const kept = freeName(isSameMoved(write.expected, state) ? `${to}.same` : to);
    if (state.kind === 'symlink') await symlink(encodePath(state.target!), kept);
    else await copyFile(from, kept, { exclusive: true });
    await unlink(from);
  }
}

/** Whether what a write replaces or removes was moved aside before, by its own name. */
export function isMovedAside({ dir }: MergeJob, { n }: PlannedWrite): boolean {
  return lstatOrNull(`${dir}/old/${n}`) !== null || lstatOrNull(`${dir}/old/${n}.same`) !== null;
}
