import {
  accessSync,
  type BigIntStats,
  chmodSync,
  constants,
  lstatSync,
  readdirSync,
  readlinkSync,
} from 'node:fs';
import { codeOf } from '../../util/errors/system-error.js';
import { decodeName, encodePath } from '../../util/paths/path-bytes.js';
import { parentOf } from '../../util/paths/relative-path.js';
import { workspaceFailure } from '../failure.js';
import type { PathState } from './path-state.js';

/**
 * A folder tree read without ever following a symbolic link: a path whose parent is a link is "absent", wherever the
 * link leads. What it learned about folders is kept, so make a new one for each reading of a tree that changes.
 */
export class DiskTree {
  readonly #realDirectory = new Map<string, boolean>([['', true]]);
  readonly #unlocked = new Map<string, number>();
  readonly #own: boolean;

  /**
   * Takes the tree's absolute path. `own` says that the tree is a workspace: what its owner may not read (mode 000)
   * is made readable while it is read, until `relock`.
   */
  constructor(
    readonly dir: string,
    options: { own?: boolean } = {},
  ) {
    this.#own = options.own ?? false;
  }

  /** Absolute path for `node:fs`. */
  absolute(path: string): string | Buffer {
    return encodePath(path === '' ? this.dir : `${this.dir}/${path}`);
  }

  /** lstat, or undefined where there is nothing (or the way there is not made of real folders). */
  stat(path: string): BigIntStats | undefined {
    if (path !== '' && !this.#isRealDirectory(parentOf(path))) return undefined;
    return this.reading(path, () => lstatSync(this.absolute(path), { bigint: true, throwIfNoEntry: false }));
  }

  /** What a path is now. Throws WorkspaceError where it can't be read. */
  state(path: string): PathState {
    const stats = this.stat(path);
    if (stats === undefined) return { kind: 'absent' };
    const mode = this.modeOf(path, stats);
    if (stats.isFile()) return { kind: 'file', mode, size: Number(stats.size), content: { in: this, path } };
    if (stats.isDirectory()) return { kind: 'directory', mode };
    if (stats.isSymbolicLink()) return { kind: 'symlink', target: this.readLink(path) };
    return { kind: 'special' };
  }

  /** The permission bits of a path with these stats, as they are when nothing is lent. */
  modeOf(path: string, stats: BigIntStats): number {
    return this.#unlocked.get(path) ?? Number(stats.mode & 0o7777n);
  }

  /** The target of a link, as it is stored. */
  readLink(path: string): string {
    return this.reading(path, () => decodeName(readlinkSync(this.absolute(path), { encoding: 'buffer' })));
  }

  /** Names in a folder (none where there is no real folder), unsorted; the top folder's own `.git` and `.forge` are left out. */
  children(path: string): string[] {
    if (!this.#isRealDirectory(path)) return [];
    const names = this.reading(path, () => readdirSync(this.absolute(path), { encoding: 'buffer' }));
    return names.map(decodeName).filter((name) => path !== '' || (name !== '.git' && name !== '.forge'));
  }

  /** Absolute path of a file, after making sure that it can be read. */
  readable(path: string): string | Buffer {
    this.reading(path, () => accessSync(this.absolute(path), constants.R_OK));
    return this.absolute(path);
  }

  /** Does a reading of `path`; errors are explained, and in an own tree missing permissions are lent. */
  reading<T>(path: string, read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (this.#own && codeOf(error) === 'EACCES' && this.#unlock(path)) return this.reading(path, read);
      if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') throw error;
      throw workspaceFailure(error, `read ${this.dir}/${path}`);
    }
  }

  /** Gives back the permissions that reading took away. */
  relock(): void {
    for (const [path, mode] of [...this.#unlocked].reverse()) chmodSync(this.absolute(path), mode);
    this.#unlocked.clear();
  }

  /** Makes `path` and the folders above it readable for their owner; false when nothing more can be done. */
  #unlock(path: string): boolean {
    const segments = path.split('/');
    for (let depth = 0; depth <= segments.length; depth += 1) {
      const ancestor = segments.slice(0, depth).join('/');
      if (this.#unlocked.has(ancestor)) continue;
      const stats = lstatSync(this.absolute(ancestor), { throwIfNoEntry: false });
      if (stats === undefined || stats.isSymbolicLink() || stats.uid !== process.geteuid?.()) continue;
      const needed = stats.isDirectory() ? 0o500 : 0o400;
      if ((stats.mode & needed) === needed) continue;
      chmodSync(this.absolute(ancestor), (stats.mode & 0o7777) | needed);
      this.#unlocked.set(ancestor, stats.mode & 0o7777);
      return true;
    }
    return false;
  }

  #isRealDirectory(path: string): boolean {
    const known = this.#realDirectory.get(path);
    if (known !== undefined) return known;
    const real = this.stat(path)?.isDirectory() ?? false;
    this.#realDirectory.set(path, real);
    return real;
  }
}
