import { rename, symlink, unlink } from 'node:fs/promises';
import { codeOf } from '../../util/errors.js';
import { copyFile } from '../../util/files/copy-file.js';
import { isSameMoved, lstatOrNull } from '../../util/files/file-state.js';
import { encodePath } from '../../util/paths/path-bytes.js';
import { nameOf } from '../../util/paths/relative-path.js';
import { type Folder, freeName } from './folder.js';
import { besideName, type MergeJob, type PlannedWrite } from './merge-plan.js';

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
