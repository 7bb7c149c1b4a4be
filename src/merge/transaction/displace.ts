import { rename, symlink, unlink } from 'node:fs/promises';
import { codeOf } from '../../util/errors/system-error.js';
import { copyFile } from '../../util/files/copy-file.js';
import { nameOf } from '../../util/paths/relative-path.js';
import { encodePath } from '../../workspace/index.js';
import { isSameMoved, look } from '../base/seen.js';
import type { Folder } from './folder.js';
import { besideName, type MergePlan, type PlannedWrite } from './merge-plan.js';

/**
 * Moves whatever is at a write's path to the first free name of `old/<n>`, `old/<n>.1`, … in the merge folder. What is
 * not there is fine. From another device it is copied; the copy of what was expected is called `<n>.same`, because its
 * times can't be compared any more. A folder on another device stays beside its old place.
 */
export async function displace(
  job: { dir: string; plan: MergePlan },
  folder: Folder,
  write: PlannedWrite,
): Promise<void> {
  const from = folder.at(nameOf(write.path));
  const to = await freeName(`${job.dir}/old/${write.n}`);
  try {
    await rename(from, to);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT') return;
    if (code !== 'EXDEV') throw error;
    const seen = await look(from);
    if (seen === null) return;
    const kept = isSameMoved(write.expected, seen) ? await freeName(`${job.dir}/old/${write.n}.same`) : to;
    if (seen.kind === 'directory') {
      await rename(from, folder.at(`${besideName(job.plan.run, write.n)}-old`));
      return;
    }
    if (seen.kind === 'symlink') await symlink(encodePath(seen.target!), kept);
    else await copyFile(from, kept, { exclusive: true });
    await unlink(from);
  }
}

/** The path itself or, when it is taken, with the first number that is free. */
export async function freeName(path: string): Promise<string> {
  for (let k = 0; ; k += 1) {
    const candidate = k === 0 ? path : `${path}.${k}`;
    if ((await look(candidate)) === null) return candidate;
  }
}
