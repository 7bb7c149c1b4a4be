import { constants, existsSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { codeOf } from '../../util/errors/system-error.js';
import { encodePath } from '../../workspace/index.js';
import { look } from '../base/seen.js';
import { MergeError } from '../merge-error.js';

/** Linux's O_PATH: a handle that only names a folder and needs no permission to read it (not in node:fs). */
export const O_PATH = 0o10000000;
const anchored = process.platform === 'linux' && existsSync('/proc/self/fd');

/** An open folder of the working tree: what is done through `at` happens in this very folder, even if its path is swapped for a symlink meanwhile. */
export interface Folder {
  at(name: string): string | Buffer;
  /** Makes the folder's entries durable. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** The folder or one above it is a symlink or a file. */
export class NotAFolderError extends MergeError {}

/**
 * Opens a folder below root ('' is root itself) component by component without following symlinks, which is what
 * openat(2) with O_NOFOLLOW gives; Node has no openat, but `/proc/self/fd/N/name` is the same. Elsewhere than on Linux
 * the components are checked instead. Throws NotAFolderError, or ENOENT.
 */
export async function openFolder(root: string, folder: string): Promise<Folder> {
  const names = folder === '' ? [] : folder.split('/');
  return anchored ? openAnchored(root, names) : openChecked(root, names);
}

async function openAnchored(root: string, names: string[]): Promise<Folder> {
  const flags = O_PATH | constants.O_DIRECTORY;
  let handle = await open(encodePath(root), flags);
  for (const [i, name] of names.entries()) {
    let next: FileHandle;
    try {
      next = await open(encodePath(`/proc/self/fd/${handle.fd}/${name}`), flags | constants.O_NOFOLLOW);
    } catch (error) {
      throw notAFolder(error, names.slice(0, i + 1));
    } finally {
      await handle.close();
    }
    handle = next;
  }
  const here = `/proc/self/fd/${handle.fd}`;
  return {
    at: (name) => encodePath(`${here}/${name}`),
    sync: () => syncFolder(here),
    close: () => handle.close(),
  };
}

async function openChecked(root: string, names: string[]): Promise<Folder> {
  let path = root;
  for (const [i, name] of names.entries()) {
    path = `${path}/${name}`;
    const seen = await look(encodePath(path));
    if (seen === null) throw Object.assign(new Error(`no such folder: ${path}`), { code: 'ENOENT' });
    if (seen.kind !== 'directory')
      throw notAFolder(Object.assign(new Error(), { code: 'ENOTDIR' }), names.slice(0, i + 1));
  }
  return {
    at: (name) => encodePath(`${path}/${name}`),
    sync: () => syncFolder(encodePath(path)),
    close: async () => {},
  };
}

async function syncFolder(path: string | Buffer): Promise<void> {
  let handle: FileHandle;
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (error) {
    // A folder that may be written but not read can't be synced; its entries reach the disk with the journal.
    if (codeOf(error) === 'EACCES') return;
    throw error;
  }
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function notAFolder(error: unknown, names: string[]): unknown {
  const code = codeOf(error);
  if (code !== 'ENOTDIR' && code !== 'ELOOP') return error;
  return new NotAFolderError(`${JSON.stringify(names.join('/'))} is not a folder any more`);
}
