import { chmodSync, lstatSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { errorCode, explain } from './failure.js';
import { encodePath } from './path-bytes.js';
import { run } from './run-program.js';

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
    if (errorCode(error) === 'ENAMETOOLONG') return await removeDeep(path, error);
    if (errorCode(error) !== 'EACCES' && errorCode(error) !== 'EPERM') throw error;
    open(Buffer.from(path));
    await rm(path, { recursive: true, force: true, maxRetries: 3, retryDelay: 20 });
  }
}

/** A tree deeper than PATH_MAX: rm(1) walks it folder by folder, which Node can't. */
async function removeDeep(path: string | Buffer, why: unknown): Promise<void> {
  await run('chmod', ['-R', 'u+rwX', '--', path.toString()]);
  if (!(await run('rm', ['-rf', '--', path.toString()])).ok) throw why;
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
