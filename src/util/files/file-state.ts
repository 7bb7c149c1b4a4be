import { type BigIntStats, lstatSync, readlinkSync } from 'node:fs';
import { codeOf } from '../errors.js';
import { decodeName, joinRoot, parentOf } from '../paths/path.js';

/** What one path looked like. Times and inode are decimal strings, because JSON has no 64-bit numbers. */
export interface FileState {
  kind: 'file' | 'symlink' | 'directory' | 'special';
  /** Permission bits, 0o7777. */
  mode: number;
  size: number;
  ino: string;
  mtimeNs: string;
  ctimeNs: string;
  uid: number;
  gid: number;
  /** How many names a file has, where it has more than one (hard links). */
  nlink?: number;
  /** Where a symlink points. */
  target?: string;
}

/** What is kept of what lstat gave; a link's target it does not give. */
export function fileState(stats: BigIntStats): FileState {
  const state: FileState = {
    kind: kindOf(stats),
    mode: Number(stats.mode & 0o7777n),
    size: Number(stats.size),
    ino: String(stats.ino),
    mtimeNs: String(stats.mtimeNs),
    ctimeNs: String(stats.ctimeNs),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
  };
  if (state.kind === 'file' && stats.nlink > 1n) state.nlink = Number(stats.nlink);
  return state;
}

function kindOf(stats: BigIntStats): FileState['kind'] {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  return stats.isSymbolicLink() ? 'symlink' : 'special';
}

/** What is at a path, be it a link; null where nothing is. @throws what lstat throws otherwise */
export function lstatOrNull(at: string | Buffer): FileState | null {
  const stats = lstatSync(at, { bigint: true, throwIfNoEntry: false });
  if (stats === undefined) return null;
  const state = fileState(stats);
  if (state.kind !== 'symlink') return state;
  try {
    return { ...state, target: decodeName(readlinkSync(at, { encoding: 'buffer' })) };
  } catch (error) {
    // Replaced by something else since, or gone: that counts.
    if (codeOf(error) === 'EINVAL' || codeOf(error) === 'ENOENT') return lstatOrNull(at);
    throw error;
  }
}

/**
 * Whether nothing at all happened to a path in between (no program can set ctime). Of a folder only its being there,
 * its identity and its mode count: its times change with what is in it.
 */
export function isUnchanged(before: FileState | null, now: FileState | null): boolean {
  if (before === null || now === null) return before === now;
  if (before.kind !== now.kind || before.mode !== now.mode || before.ino !== now.ino) return false;
  if (before.kind === 'directory') return true;
  return (
    before.size === now.size &&
    before.mtimeNs === now.mtimeNs &&
    before.ctimeNs === now.ctimeNs &&
    before.target === now.target
  );
}

/**
 * Whether something that was moved aside is what had been seen at its old place. Moving changes ctime, and an
 * overlay's copy-up may change the inode, so size, mtime and mode decide.
 */
export function isSameMoved(before: FileState | null, moved: FileState): boolean {
  if (before === null || before.kind !== moved.kind) return false;
  if (moved.kind === 'directory') return true;
  if (moved.kind === 'symlink') return before.target === moved.target;
  return before.size === moved.size && before.mtimeNs === moved.mtimeNs && before.mode === moved.mode;
}

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
