import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ForgeError, messageOf } from '../../util/errors.js';
import { hashText } from '../../util/files/content.js';
import { statOf } from './check-writable.js';
import { type InstallRecord, readRecord } from './record.js';

/** How a path stands to what forge once put there. Links and folders are never replaced. */
export interface FileStatus {
  kind: 'missing' | 'file' | 'link' | 'folder';
  /** Of a file's text. */
  hash?: string;
  /** A file as forge wrote it, now or earlier; else it is somebody's own. */
  isOurs: boolean;
}

/** What is at a path relative to the root. @throws ForgeError (1) when it cannot be read */
export async function fileStatus(root: string, path: string, { files }: InstallRecord): Promise<FileStatus> {
  const file = join(root, path);
  const stat = await statOf(file);
  if (stat === undefined) return { kind: 'missing', isOurs: false };
  if (!stat.isFile()) return { kind: stat.isSymbolicLink() ? 'link' : 'folder', isOurs: false };
  const text = await readFile(file, 'utf8').catch((error) => {
    throw new ForgeError(`cannot read ${file}: ${messageOf(error)}; nothing was changed`);
  });
  const hash = hashText(text);
  return { kind: 'file', hash, isOurs: Object.hasOwn(files, path) && files[path]!.includes(hash) };
}

/** Whether a file (path relative to the root) is exactly as `forge init` wrote it, so that replacing it loses nobody's work. */
export async function isUnmodified(root: string, path: string): Promise<boolean> {
  return (await fileStatus(root, path, await readRecord(root))).isOurs;
}
