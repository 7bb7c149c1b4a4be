import { type BigIntStats, lstatSync } from 'node:fs';
import { joinRoot } from '../paths/path-bytes.js';
import { parentOf } from '../paths/relative-path.js';
import { type FileState, lstatOrNull } from './file-state.js';

/**
 * Reads a folder tree without ever following a symbolic link: what lies behind a link or a file is not there, wherever
 * the link leads. What it learned about folders is kept, so make a new one for each reading of a tree that changes.
 */
export class TreeReader {
  readonly #realFolders = new Map<string, boolean>([['', true]]);

  /** `dir` is absolute; paths are relative to it, '' is the folder itself. */
  constructor(readonly dir: string) {}

  /** Absolute path for `node:fs`. */
  absolute(path: string): string | Buffer {
    return joinRoot(this.dir, path);
  }

  /** What is at a path; null where nothing is. @throws what the system says */
  lstatNoFollow(path: string): FileState | null {
    return this.#isInTree(path) ? this.reading(path, () => lstatOrNull(this.absolute(path))) : null;
  }

  /** The same as Node gives it; undefined where nothing is. */
  stat(path: string): BigIntStats | undefined {
    if (!this.#isInTree(path)) return undefined;
    return this.reading(path, () => lstatSync(this.absolute(path), { bigint: true, throwIfNoEntry: false }));
  }

  isRealFolder(path: string): boolean {
    const known = this.#realFolders.get(path);
    if (known !== undefined) return known;
    const real = this.stat(path)?.isDirectory() ?? false;
    this.#realFolders.set(path, real);
    return real;
  }

  /** What every reading goes through: what it throws may be seen to. */
  reading<T>(_path: string, read: () => T): T {
    return read();
  }

  #isInTree(path: string): boolean {
    return path === '' || this.isRealFolder(parentOf(path));
  }
}
