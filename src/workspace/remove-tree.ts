import { chmodSync, lstatSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { errorCode, explain } from './failure.js';
import { encodePath } from './path-bytes.js';

/**
 * Removes a folder tree of forge's own, including folders that forbid it to their owner (mode 000, as overlay's work
 * folder has, or 555). Fine where there is none. Throws WorkspaceError.
 */
export async function removeTree(dir: string | Buffer): Promise<void> {
  const path = typeof dir === 'string' ? encodePath(dir) : dir;
  try {
    await removing(path);
  } catch (error) {
    throw explain(error, `remove ${path.toString()}`);
  }
}

async function removing(path: string | Buffer): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true, maxRetries: 3, retryDelay: 20 });
  } catch (error) {
    if (errorCode(error) !== 'EACCES' && errorCode(error) !== 'EPERM') throw error;
    open(Buffer.from(path));
    await rm(path, { recursive: true, force: true, maxRetries: 3, retryDelay: 20 });
  }
}

/** Makes every folder of a tree readable and writable for its owner. Links are not followed. */
function open(folder: Buffer): void {
  const stats = lstatSync(folder, { throwIfNoEntry: false });
  if (stats === undefined || !stats.isDirectory()) return;
  if ((stats.mode & 0o700) !== 0o700) chmodSync(folder, (stats.mode & 0o7777) | 0o700);
  for (const entry of readdirSync(folder, { encoding: 'buffer' })) {
    open(Buffer.concat([folder, Buffer.from('/'), entry]));
  }
}
