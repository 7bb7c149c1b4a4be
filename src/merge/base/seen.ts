import type { BigIntStats } from 'node:fs';
import { lstat, readlink } from 'node:fs/promises';
import { codeOf } from '../../util/errors/system-error.js';
import { parentOf } from '../../util/paths/relative-path.js';
import { decodeName, encodePath } from '../../workspace/index.js';

/** What one path looked like. Times and inode are decimal strings, because JSON has no 64-bit numbers. */
export interface Seen {
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

/** Joins root and a relative path; exact for names that are not UTF-8. */
export function under(root: string, path: string): string | Buffer {
  return encodePath(path === '' ? root : `${root}/${path}`);
}

/** Looks at a path without following a final symlink; null when nothing is there. Throws what lstat throws otherwise. */
export async function look(at: string | Buffer): Promise<Seen | null> {
  try {
    const stat = await lstat(at, { bigint: true });
    const seen = fromStat(stat);
    if (seen.kind === 'symlink') seen.target = decodeName(await readlink(at, { encoding: 'buffer' }));
    return seen;
  } catch (error) {
    const code = codeOf(error);
    // EINVAL: replaced by something else between lstat and readlink; look again.
    if (code === 'EINVAL') return look(at);
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw error;
  }
}

/**
 * Gives a function that looks at paths relative to root and takes what lies behind a symlink or a file for not there.
 * It remembers which folders are real, so use one for one pass and not for longer.
 */
export function lookInside(root: string): (path: string) => Promise<Seen | null> {
  const known = new Map<string, Promise<boolean>>([['', Promise.resolve(true)]]);
  const isReal = (folder: string): Promise<boolean> => {
    let answer = known.get(folder);
    if (answer === undefined) {
      answer = isReal(parentOf(folder)).then(
        async (real) => real && (await look(under(root, folder)))?.kind === 'directory',
      );
      known.set(folder, answer);
    }
    return answer;
  };
  return async (path) => ((await isReal(parentOf(path))) ? look(under(root, path)) : null);
}

/** Turns a stat into what is kept of it. */
export function fromStat(stat: BigIntStats): Seen {
  const kind = stat.isFile()
    ? 'file'
    : stat.isSymbolicLink()
      ? 'symlink'
      : stat.isDirectory()
        ? 'directory'
        : 'special';
  return {
    kind,
    mode: Number(stat.mode & 0o7777n),
    size: Number(stat.size),
    ino: String(stat.ino),
    mtimeNs: String(stat.mtimeNs),
    ctimeNs: String(stat.ctimeNs),
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    ...(kind === 'file' && stat.nlink > 1n && { nlink: Number(stat.nlink) }),
  };
}

/** Whether nothing at all happened to the path in between (ctime cannot be set by a program). Of a folder only its being there, its identity and its mode count: its times change with what is in it. */
export function isSame(a: Seen | null, b: Seen | null): boolean {
  if (a === null || b === null) return a === b;
  if (a.kind !== b.kind || a.mode !== b.mode || a.ino !== b.ino) return false;
  if (a.kind === 'directory') return true;
  return a.size === b.size && a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs && a.target === b.target;
}

/**
 * Whether something that was moved aside is what had been seen at its old place. Moving changes ctime, and an
 * overlay's copy-up may change the inode, so size, mtime and mode decide.
 */
export function isSameMoved(before: Seen | null, moved: Seen): boolean {
  if (before === null || before.kind !== moved.kind) return false;
  if (moved.kind === 'directory') return true;
  if (moved.kind === 'symlink') return before.target === moved.target;
  return before.size === moved.size && before.mtimeNs === moved.mtimeNs && before.mode === moved.mode;
}
