import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Flushes a file or folder to disk. */
export async function syncPath(path: string | Buffer): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Writes a file and flushes it to disk; `flag` and `mode` as for open(2). */
export async function writeSynced(
  path: string,
  content: string | Uint8Array,
  flag = 'w',
  mode = 0o666,
): Promise<void> {
  const handle = await open(path, flag, mode);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Replaces a file so that after a crash it has either its old or its new content: write beside it, sync, rename, sync the folder. */
export async function writeFileDurably(path: string, content: string | Uint8Array): Promise<void> {
  const fresh = `${path}.new`;
  await writeSynced(fresh, content);
  await rename(fresh, path);
  await syncPath(dirname(path));
}
