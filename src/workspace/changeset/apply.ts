import {
  chmodSync,
  constants,
  copyFileSync,
  lstatSync,
  mkdirSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import { yieldToEventLoop } from '../../util/async/yield-to-event-loop.js';
import { codeOf } from '../../util/errors.js';
import { copyFile } from '../../util/files/content.js';
import { encodePath, joinRoot, parentOf } from '../../util/paths/path.js';
import { WorkspaceError, workspaceFailure } from '../failure.js';
import { removeOwnTree } from '../scratch/remove-own-tree.js';
import { byPath, type ComposedEntry } from './changeset.js';

/** Files up to this size (bytes) are copied in one synchronous call. */
const SMALL = 1 << 20;

/**
 * Makes the folder tree at `dir` what the entries say: first the deletions, deepest first, then everything else from
 * the top down. Never writes or deletes through a symbolic link inside the tree. For private trees only (a workspace,
 * a fresh copy): it is not crash-safe, and a folder that is to go takes along whatever is still in it.
 * @throws WorkspaceError naming the path
 */
export async function applyEntries(dir: string, entries: readonly ComposedEntry[]): Promise<void> {
  const sorted = [...entries].sort(byPath);
  const tree = new WritableTree(dir);
  const pause = yieldToEventLoop();
  for (const entry of [...sorted].reverse()) {
    if (entry.kind === 'absent') await step(entry.path, () => tree.remove(entry.path));
  }
  tree.forget();
  for (const entry of sorted) {
    await step(entry.path, () => create(tree, entry));
  }
  for (const entry of [...sorted].reverse()) {
    if (entry.kind === 'directory')
      await step(entry.path, () => chmodSync(tree.absolute(entry.path), entry.mode));
  }
  tree.restoreModes(new Set(sorted.filter(({ kind }) => kind === 'directory').map(({ path }) => path)));

  async function step(path: string, act: () => Promise<void> | void): Promise<void> {
    await pause();
    try {
      await tree.withWriteAccess(path, act);
    } catch (error) {
      throw workspaceFailure(error, `apply the change of ${path} in ${dir}`);
    }
  }
}

async function create(tree: WritableTree, entry: ComposedEntry): Promise<void> {
  if (entry.kind === 'absent') return;
  tree.enter(parentOf(entry.path));
  if (entry.kind === 'directory') return tree.makeFolder(entry.path);
  await tree.remove(entry.path);
  const target = tree.absolute(entry.path);
  if (entry.kind === 'symlink') return symlinkSync(encodePath(entry.target), target);
  if (entry.size > SMALL) await copyFile(entry.blob, target, { exclusive: true });
  else copyFileSync(entry.blob, target, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
  chmodSync(target, entry.mode);
}

/** Writing into a tree, one real folder at a time. */
class WritableTree {
  readonly #folders = new Set<string>(['']);
  readonly #modes = new Map<string, number>();

  constructor(readonly dir: string) {}

  absolute(path: string): string | Buffer {
    return joinRoot(this.dir, path);
  }

  forget(): void {
    this.#folders.clear();
    this.#folders.add('');
  }

  /** Makes sure that a folder and all above it are real folders, making those that are missing. */
  enter(path: string): void {
    if (this.#folders.has(path)) return;
    this.enter(parentOf(path));
    if (this.#kind(path) === 'other')
      throw new WorkspaceError(
        `cannot write below ${path} in ${this.dir}: it is not a folder there (a link or a file stands in its place)`,
      );
    this.makeFolder(path);
  }

  /** Makes sure that a folder is there. */
  makeFolder(path: string): void {
    if (this.#kind(path) === 'other') unlinkSync(this.absolute(path));
    if (this.#kind(path) === 'absent') mkdirSync(this.absolute(path));
    this.#folders.add(path);
  }

  /** Removes whatever is at a path, unless the way there leads through a link. */
  async remove(path: string): Promise<void> {
    if (!this.#isInside(parentOf(path))) return;
    const kind = this.#kind(path);
    if (kind === 'other') unlinkSync(this.absolute(path));
    if (kind !== 'folder') return;
    try {
      rmdirSync(this.absolute(path));
    } catch (error) {
      if (codeOf(error) !== 'ENOTEMPTY' && codeOf(error) !== 'EEXIST') throw error;
      await removeOwnTree(this.absolute(path));
    }
  }

  /** Does something to a path, even where a folder above forbids it to its owner (mode 555), until `restoreModes`. */
  async withWriteAccess(path: string, act: () => Promise<void> | void): Promise<void> {
    try {
      await act();
    } catch (error) {
      if (codeOf(error) !== 'EACCES' || !this.#open(parentOf(path))) throw error;
      await this.withWriteAccess(path, act);
    }
  }

  /** Takes back the permissions that were added, except where an entry has set them meanwhile. */
  restoreModes(except: ReadonlySet<string>): void {
    for (const [path, mode] of [...this.#modes].reverse()) {
      if (!except.has(path) && this.#kind(path) === 'folder') chmodSync(this.absolute(path), mode);
    }
  }

  /** Makes a folder, or the topmost above it that is not, writable for us; false when nothing more can be done. */
  #open(folder: string): boolean {
    if (folder !== '' && this.#open(parentOf(folder))) return true;
    const stats = lstatSync(this.absolute(folder), { throwIfNoEntry: false });
    if (stats === undefined || !stats.isDirectory() || (stats.mode & 0o300) === 0o300) return false;
    if (stats.uid !== process.geteuid?.()) return false;
    if (!this.#modes.has(folder)) this.#modes.set(folder, stats.mode & 0o7777);
    chmodSync(this.absolute(folder), (stats.mode & 0o7777) | 0o700);
    return true;
  }

  #isInside(folder: string): boolean {
    if (this.#folders.has(folder)) return true;
    if (!this.#isInside(parentOf(folder)) || this.#kind(folder) !== 'folder') return false;
    this.#folders.add(folder);
    return true;
  }

  #kind(path: string): 'absent' | 'folder' | 'other' {
    const stats = lstatSync(this.absolute(path), { throwIfNoEntry: false });
    if (stats === undefined) return 'absent';
    return stats.isDirectory() ? 'folder' : 'other';
  }
}
