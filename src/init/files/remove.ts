import { rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { ForgeError } from '../../util/errors/forge-error.js';
import { codeOf, messageOf } from '../../util/errors/system-error.js';
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

/** A removal that was thought through but not done. */
export interface RemovalPlan {
  root: string;
  /** undefined: forge init has put nothing here. */
  files: Removal[] | undefined;
  folders: readonly string[];
}

/**
 * What would be removed from `root`, a real path; with `force` changed files go too. @throws ForgeError (1) when a folder
 * leads out of the project or can't be written
 */
export async function planRemoval(root: string, force: boolean): Promise<RemovalPlan> {
  await checkWritable(root, []);
  if ((await statOf(join(root, RECORD_FILE))) === undefined) return { root, files: undefined, folders: [] };
  const record = await readRecord(root);
  const paths = Object.keys(record.files).sort();
  await checkWritable(root, paths);
  const files: Removal[] = [];
  for (const path of paths) {
    const status = await fileStatus(root, path, record);
    if (status.state === 'missing') files.push({ path, action: 'gone' });
    else if (status.state === 'ours' || (force && status.state === 'foreign' && status.kind === 'file'))
      files.push({ path, action: 'remove' });
    else files.push({ path, action: 'keep', reason: 'it was changed since forge wrote it' });
  }
  return { root, files, folders: record.folders };
}

/** Removes files, then the record, then folders that forge made and that are empty now. @throws ForgeError (1) */
export async function remove({ root, files, folders }: RemovalPlan): Promise<void> {
  if (files === undefined) return;
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
