import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ForgeError } from '../../util/errors/forge-error.js';
import { messageOf } from '../../util/errors/system-error.js';
import { hashText } from '../../util/files/hash.js';
import { statOf } from './check-writable.js';
import { type InstallRecord, readRecord } from './record.js';

/** How a path stands to what forge once put there. */
export type FileStatus =
  | { state: 'missing' }
  /** Somebody's own, or changed since forge wrote it. `link` and `folder` are never replaced. */
  | { state: 'foreign'; kind: 'file' | 'link' | 'folder' }
  /** As forge wrote it, now or earlier; `hash` is of its text. */
  | { state: 'ours'; hash: string }
  /** Not forge's, but with the very content asked about. */
  | { state: 'same' };

/** What is at a path relative to the root, where `wanted` is the text that should be there. */
export async function fileStatus(
  root: string,
  path: string,
  record: InstallRecord,
  wanted?: string,
): Promise<FileStatus> {
  const file = join(root, path);
  const stat = await statOf(file);
  if (stat === undefined) return { state: 'missing' };
  if (!stat.isFile()) return { state: 'foreign', kind: stat.isSymbolicLink() ? 'link' : 'folder' };
  const text = await readFile(file, 'utf8').catch((error) => {
    throw new ForgeError(`cannot read ${file}: ${messageOf(error)}; nothing was changed`);
  });
  const hash = hashText(text);
  if (Object.hasOwn(record.files, path) && record.files[path]!.includes(hash)) return { state: 'ours', hash };
  return wanted !== undefined && hash === hashText(wanted)
    ? { state: 'same' }
    : { state: 'foreign', kind: 'file' };
}

/** Whether a file (path relative to the root) is exactly as `forge init` wrote it, so that replacing it loses nobody's work. */
export async function isUnmodified(root: string, path: string): Promise<boolean> {
  return (await fileStatus(root, path, await readRecord(root))).state === 'ours';
}
