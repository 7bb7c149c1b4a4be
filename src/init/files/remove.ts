import { rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, ForgeError, messageOf } from '../../util/errors.js';
import { checkWritable, statOf } from './check-writable.js';
import { fileStatus } from './file-status.js';
import { RECORD_FILE, readRecord } from './record.js';
import { stagingPath } from './write-files.js';

/** What removal does to one path that forge put there. */
export interface Removal {
  path: string;
  action: 'remove' | 'keep' | 'gone';
  reason?: string;
}

/**
 * Removes from `root`, a real path, the files that forge put there (with `force` the changed ones, too), then the record,
 * then folders that forge made and that are empty now; with `dryRun` only tells. undefined: forge init has put nothing here.
 * @throws ForgeError (1) when a folder leads out of the project or can't be written, or a file can't be removed
 */
export async function removeInstalled(
  root: string,
  { force, dryRun }: { force: boolean; dryRun: boolean },
): Promise<Removal[] | undefined> {
  await checkWritable(root, []);
  if ((await statOf(join(root, RECORD_FILE))) === undefined) return undefined;
  const record = await readRecord(root);
  const paths = Object.keys(record.files).sort();
  await checkWritable(root, paths);
  const removals: Removal[] = [];
  for (const path of paths) {
    const { kind, isOurs } = await fileStatus(root, path, record);
    if (kind === 'missing') removals.push({ path, action: 'gone' });
    else if (isOurs || (force && kind === 'file')) removals.push({ path, action: 'remove' });
    else removals.push({ path, action: 'keep', reason: 'it was changed since forge wrote it' });
  }
  if (!dryRun) await remove(root, removals, record.folders);
  return removals;
}

async function remove(root: string, files: readonly Removal[], folders: readonly string[]): Promise<void> {
  const chosen = files.filter(({ action }) => action === 'remove').map(({ path }) => path);
  // A crash of init may have left what it had not put into place yet.
  const staged = [...files.map(({ path }) => path), RECORD_FILE].map(stagingPath);
  // The record goes last: a removal that was interrupted can be done again.
  for (const path of [...staged, ...chosen, RECORD_FILE]) {
    await unlink(join(root, path)).catch((error) => {
      if (['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')) return;
      throw new ForgeError(
        `cannot remove ${join(root, path)}: ${messageOf(error)}; run forge init --remove again`,
      );
    });
  }
  for (const folder of [...folders].reverse()) {
    await rmdir(join(root, folder)).catch((error) => {
      // A folder in which somebody keeps something stays.
      if (!['ENOENT', 'ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(codeOf(error) ?? '')) throw error;
    });
  }
}
