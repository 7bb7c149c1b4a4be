import {
  accessSync,
  type BigIntStats,
  chmodSync,
  constants,
  lstatSync,
  readdirSync,
  readlinkSync,
} from 'node:fs';
import { codeOf, hasCode } from '../../util/errors.js';
import { fileState, TreeReader } from '../../util/files/file-state.js';
import { ancestorsOf, decodeName } from '../../util/paths/path.js';
import { workspaceFailure } from '../failure.js';

/** Where the content of a file is, or its SHA-256; `unknown` where neither can be told any more. */
export type Content = { in: DiskTree; path: string } | { hash: string } | 'unknown';

/** What a path is at one moment, to compare. */
export type PathState =
  | { kind: 'absent' }
  | { kind: 'special' }
  | { kind: 'file'; mode: number; size?: number; content: Content }
  | { kind: 'symlink'; target: string | undefined }
  | { kind: 'directory'; mode: number };

/** A tree as a workspace reads it. @throws WorkspaceError where that can't be done, from every method */
export class DiskTree extends TreeReader {
  readonly #unlocked = new Map<string, number>();

  /** `own`: the tree is a workspace's. What its owner may not read (mode 000) is made readable, until `restoreModes`. */
  constructor(
    dir: string,
    private readonly own = false,
  ) {
    super(dir);
  }

  /** What a path is now. */
  state(path: string): PathState {
    const stats = this.stat(path);
    if (stats === undefined) return { kind: 'absent' };
    const mode = this.modeOf(path, stats);
    const { kind, size } = fileState(stats);
    if (kind === 'file') return { kind, mode, size, content: { in: this, path } };
    return kind === 'symlink' ? { kind, target: this.readLink(path) } : { kind, mode };
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
    if (!this.isRealFolder(path)) return [];
    const names = this.reading(path, () => readdirSync(this.absolute(path), { encoding: 'buffer' }));
    return names.map(decodeName).filter((name) => path !== '' || (name !== '.git' && name !== '.forge'));
  }

  /** Absolute path of a file, after making sure that it can be read. */
  readable(path: string): string | Buffer {
    this.reading(path, () => accessSync(this.absolute(path), constants.R_OK));
    return this.absolute(path);
  }

  override reading<T>(path: string, read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (this.own && codeOf(error) === 'EACCES' && this.#unlock(path)) return this.reading(path, read);
      if (hasCode(error, 'ENOENT', 'ENOTDIR')) throw error;
      throw workspaceFailure(error, `read ${this.dir}/${path}`);
    }
  }

  /** Gives back the permissions that reading took away. */
  restoreModes(): void {
    for (const [path, mode] of [...this.#unlocked].reverse()) chmodSync(this.absolute(path), mode);
    this.#unlocked.clear();
  }

  /** Makes `path` and the folders above it readable for their owner; false when nothing more can be done. */
  #unlock(path: string): boolean {
    for (const place of ['', ...ancestorsOf(path), path]) {
      if (this.#unlocked.has(place)) continue;
      const stats = lstatSync(this.absolute(place), { throwIfNoEntry: false });
      if (stats === undefined || stats.isSymbolicLink() || stats.uid !== process.geteuid?.()) continue;
      const needed = stats.isDirectory() ? 0o500 : 0o400;
      if ((stats.mode & needed) === needed) continue;
      chmodSync(this.absolute(place), (stats.mode & 0o7777) | needed);
      this.#unlocked.set(place, stats.mode & 0o7777);
      return true;
    }
    return false;
  }
}

/** Reads a tree that is a workspace's (see DiskTree), which has its permissions back afterwards. */
export async function withOwnTree<T>(dir: string, read: (tree: DiskTree) => Promise<T>): Promise<T> {
  const tree = new DiskTree(dir, true);
  try {
    return await read(tree);
  } finally {
    tree.restoreModes();
  }
}
