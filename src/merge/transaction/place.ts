import { chmod, chown, link, rename, rmdir, symlink } from 'node:fs/promises';
import { syncPath } from '../../journal/index.js';
import { codeOf } from '../../util/errors/system-error.js';
import { copyFile } from '../../util/files/copy-file.js';
import { hashFile } from '../../util/files/hash.js';
import { removeFile } from '../../util/files/remove-tree.js';
import { nameOf } from '../../util/paths/relative-path.js';
import { encodePath } from '../../workspace/index.js';
import { look, type Seen } from '../base/seen.js';
import { keepAttributes } from '../resolve/attributes.js';
import { displace } from './displace.js';
import { fault } from './fault.js';
import type { Folder } from './folder.js';
import { besideName, type PlannedWrite } from './merge-plan.js';
import type { Performance } from './perform.js';
import { stagedPath } from './stage.js';

/**
 * Puts the new file or symlink at its path. Does nothing when it is there already. The staged file stays until the
 * whole merge is durable (it is linked, not moved): as long as it is there, the merge may be repeated.
 */
export async function place(job: Performance, folder: Folder, write: PlannedWrite): Promise<void> {
  if (write.isPlaced) return;
  const at = folder.at(nameOf(write.path));
  const staged = stagedPath(job.root, job.dir, job.plan.run, write);
  for (;;) {
    const now = await look(at);
    const fresh = write.kind === 'file' ? await look(staged) : null;
    // All was in place once and its staged file removed; what is there now is the user's.
    if (write.kind === 'file' && fresh === null) return;
    if (now !== null && (await isPlaced(write, now, at, fresh, staged))) return;
    if (now?.kind === 'directory' && (await removedEmpty(at))) continue;
    if (now !== null) await displace(job, folder, write);
    fault('merge-displaced');
    try {
      if (write.kind === 'symlink') await symlink(encodePath(write.target!), at);
      else await putFile(job, folder, write, staged, at);
      return;
    } catch (error) {
      // Somebody saved in between: that is moved aside as well.
      if (codeOf(error) !== 'EEXIST') throw error;
    }
  }
}

async function isPlaced(
  write: PlannedWrite,
  now: Seen,
  at: string | Buffer,
  fresh: Seen | null,
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
  job: Performance,
  folder: Folder,
  write: PlannedWrite,
  staged: string | Buffer,
  at: string | Buffer,
): Promise<void> {
  try {
    await link(staged, at);
  } catch (error) {
    const code = codeOf(error);
    // A bind mount in between, or a file system without hard links: copy beside the target, then rename.
    if (code !== 'EXDEV' && code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS') throw error;
    const copy = folder.at(`${besideName(job.plan.run, write.n)}-new`);
    removeFile(copy);
    await copyFile(staged, copy, { exclusive: true });
    const fresh = await look(staged);
    if (fresh !== null) {
      if (process.geteuid?.() === 0) await chown(copy, fresh.uid, fresh.gid);
      await keepAttributes(job.dir, [{ path: write.path, from: staged, expected: fresh, to: copy }]);
    }
    await syncPath(copy);
    await chmod(copy, write.mode!);
    await rename(copy, at);
  }
}

async function removedEmpty(at: string | Buffer): Promise<boolean> {
  try {
    await rmdir(at);
    return true;
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOTEMPTY' || code === 'EEXIST') return false;
    if (code === 'ENOENT' || code === 'ENOTDIR') return true;
    throw error;
  }
}
