import { mkdir, rename } from 'node:fs/promises';
import { codeOf } from '../../util/errors/system-error.js';
import { nameOf, parentOf } from '../../util/paths/relative-path.js';
import { look } from '../base/seen.js';
import { freeName } from './displace.js';
import { NotAFolderError, openFolder } from './folder.js';

/**
 * Makes sure that a folder and all above it are real folders. Something else in their place (put there after the
 * merge was decided) is moved to `old/<n>.folder` in the merge folder, links as links; `n` is the write that needs the folder.
 */
export async function ensureFolder(
  job: { root: string; dir: string },
  path: string,
  n: number,
): Promise<void> {
  if (path === '') return;
  try {
    const here = await openFolder(job.root, path);
    await here.close();
    return;
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' && !(error instanceof NotAFolderError)) throw error;
  }
  await ensureFolder(job, parentOf(path), n);
  const parent = await openFolder(job.root, parentOf(path));
  try {
    const at = parent.at(nameOf(path));
    const seen = await look(at);
    if (seen !== null && seen.kind !== 'directory')
      await rename(at, await freeName(`${job.dir}/old/${n}.folder`));
    await mkdir(at).catch((error: unknown) => {
      if (codeOf(error) !== 'EEXIST') throw error;
    });
  } finally {
    await parent.close();
  }
}
