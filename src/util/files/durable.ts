import { constants } from 'node:fs';
import { open, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ignoring } from '../errors.js';

/** Flushes a file or folder to disk. */
export async function syncPath(path: string | Buffer, flags = constants.O_RDONLY): Promise<void> {
  const handle = await open(path, flags);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The same for a folder's entries. One that may be written but not read can't be synced: they reach the disk with the file system's journal. */
export async function syncFolder(path: string | Buffer): Promise<void> {
  await syncPath(path, constants.O_RDONLY | constants.O_DIRECTORY).catch(ignoring('EACCES'));
}

/** What a file is made of: as a whole, or in pieces that are never held as a whole. */
type Content = string | Uint8Array | Iterable<string>;

/** Writes a file and flushes it to disk; `flag` and `mode` as for open(2). */
export async function writeSynced(path: string, content: Content, flag = 'w', mode = 0o666): Promise<void> {
  const handle = await open(path, flag, mode);
  try {
    await writeFile(handle, content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Replaces a file so that after a crash it has either its old or its new content: write beside it, sync, rename, sync the folder. */
export async function writeFileDurably(path: string, content: Content): Promise<void> {
  const fresh = `${path}.new`;
  await writeSynced(fresh, content);
  await rename(fresh, path);
  await syncPath(dirname(path));
}
