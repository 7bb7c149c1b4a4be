import { constants, existsSync } from 'node:fs';
import { type FileHandle, mkdir, open, rename } from 'node:fs/promises';
import { hasCode, ignoring } from '../../util/errors.js';
import { syncFolder } from '../../util/files/content.js';
import { O_PATH } from '../../util/files/file-handles.js';
import { lstatOrNull } from '../../util/files/file-state.js';
import { encodePath, joinRoot, nameOf, parentOf } from '../../util/paths/path.js';
import { MergeError } from '../merge-error.js';

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
 * the components are checked instead.
 * @throws NotAFolderError; ENOENT where it is not there
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
      throw hasCode(error, 'ENOTDIR', 'ELOOP') ? notAFolder(names.slice(0, i + 1)) : error;
    } finally {
      await handle.close();
    }
    handle = next;
  }
  return folderAt(`/proc/self/fd/${handle.fd}`, () => handle.close());
}

async function openChecked(root: string, names: string[]): Promise<Folder> {
  for (let depth = 1; depth <= names.length; depth += 1) {
    const state = lstatOrNull(joinRoot(root, names.slice(0, depth).join('/')));
    if (state === null)
      throw Object.assign(new Error(`no such folder: ${names.join('/')}`), { code: 'ENOENT' });
    if (state.kind !== 'directory') throw notAFolder(names.slice(0, depth));
  }
  return folderAt([root, ...names].join('/'), async () => {});
}

function folderAt(path: string, close: () => Promise<void>): Folder {
  return { at: (name) => joinRoot(path, name), sync: () => syncFolder(encodePath(path)), close };
}

function notAFolder(names: string[]): NotAFolderError {
  return new NotAFolderError(`${JSON.stringify(names.join('/'))} is not a folder any more`);
}

/** Whether opening a folder failed because it is gone, or something else is in its place. */
export function isFolderGone(error: unknown): boolean {
  return hasCode(error, 'ENOENT') || error instanceof NotAFolderError;
}

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
    if (!isFolderGone(error)) throw error;
  }
  await ensureFolder(job, parentOf(path), n);
  const parent = await openFolder(job.root, parentOf(path));
  try {
    const at = parent.at(nameOf(path));
    const kind = lstatOrNull(at)?.kind ?? 'directory';
    if (kind !== 'directory') await rename(at, freeName(`${job.dir}/old/${n}.folder`));
    await mkdir(at).catch(ignoring('EEXIST'));
  } finally {
    await parent.close();
  }
}

/** The path itself or, when it is taken, with the first number that is free. */
export function freeName(path: string): string {
  for (let k = 0; ; k += 1) {
    const candidate = k === 0 ? path : `${path}.${k}`;
    if (lstatOrNull(candidate) === null) return candidate;
  }
}
