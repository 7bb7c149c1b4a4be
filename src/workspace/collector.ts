import { BlobStore, sameContent } from './blobs.js';
import { Breather } from './breathe.js';
import type { ChangesetEntry } from './changeset.js';
import { below, type DiskTree, isHidden } from './disk-tree.js';
import { errorCode, explain, WorkspaceError } from './failure.js';
import type { PathState } from './path-state.js';

/** What a collector compares with. */
export interface Start {
  state(path: string): Promise<{ state: PathState; live: boolean }>;
  children(path: string): string[];
}

export interface CollectorOptions {
  /** The workspace's tree as it is now. */
  now: DiskTree;
  start: Start;
  /** Folder for blobs. */
  blobs: string;
  /** ctime (ns) of a file made when the workspace was opened. */
  openedNs: bigint;
  /** Takes a link's target as the workspace has it; gives what it stands for in the working tree. */
  translateTarget?: (path: string, target: string) => string;
}

/** Compares paths of a workspace with what it started from, one by one, and gathers the differences. Asking about a path twice is harmless. */
export class Collector {
  readonly special: string[] = [];
  readonly #entries: ChangesetEntry[] = [];
  readonly #seen = new Set<string>();
  readonly #blobs: BlobStore;
  readonly #breather = new Breather();

  constructor(readonly options: CollectorOptions) {
    this.#blobs = new BlobStore(options.blobs);
  }

  /** The differences found, sorted. */
  entries(): ChangesetEntry[] {
    return this.#entries.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  }

  /** Compares a path and everything below it, on either side. */
  async checkTree(top: string): Promise<void> {
    const queue = [top];
    for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
      await this.check(path);
      for (const name of new Set([...this.options.now.children(path), ...this.options.start.children(path)]))
        queue.push(below(path, name));
    }
  }

  /** Compares one path. A file that vanishes between being listed and being read is looked at once more. */
  async check(path: string): Promise<void> {
    if (path === '' || isHidden(path) || this.#seen.has(path)) return;
    this.#seen.add(path);
    if (this.#breather.isDue) await this.#breather.breathe();
    try {
      await this.#compare(path);
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw explain(error, `collect ${path}`);
      try {
        await this.#compare(path);
      } catch (again) {
        if (errorCode(again) !== 'ENOENT') throw explain(again, `collect ${path}`);
        throw new WorkspaceError(
          `cannot collect ${path}: it keeps vanishing while it is read; a process is still changing the workspace`,
          { cause: again },
        );
      }
    }
  }

  async #compare(path: string): Promise<void> {
    const now = this.options.now.state(path);
    const { state: before, live } = await this.options.start.state(path);
    const was = before.kind === 'absent' || before.kind === 'special' ? undefined : before.kind;
    switch (now.kind) {
      case 'special':
        this.special.push(path);
        if (was !== undefined && before.kind !== now.kind)
          this.#entries.push({ path, kind: 'absent', change: 'deleted', was });
        return;
      case 'absent':
        if (was !== undefined) this.#entries.push({ path, kind: 'absent', change: 'deleted', was });
        return;
      case 'directory':
        if (before.kind === 'directory') {
          if (before.mode !== now.mode)
            this.#entries.push({ path, kind: 'directory', change: 'mode', mode: now.mode });
        } else
          this.#entries.push({
            path,
            kind: 'directory',
            change: 'created',
            mode: now.mode,
            ...changed(was, 'directory'),
          });
        return;
      case 'symlink': {
        const target = this.options.translateTarget?.(path, now.target ?? '') ?? now.target ?? '';
        if (before.kind === 'symlink' && before.target === target) return;
        const change = was === undefined ? 'created' : 'modified';
        this.#entries.push({ path, kind: 'symlink', change, target, ...changed(was, 'symlink') });
        return;
      }
      case 'file':
        return this.#compareFile(path, now, before, live);
      default:
        return now satisfies never;
    }
  }

  async #compareFile(
    path: string,
    now: Extract<PathState, { kind: 'file' }>,
    before: PathState,
    live: boolean,
  ): Promise<void> {
    const size = now.size ?? 0;
    const { now: tree, openedNs } = this.options;
    const was = before.kind === 'absent' || before.kind === 'special' ? undefined : before.kind;
    if (before.kind === 'file') {
      // The user edited root's file after the workspace was opened, and the workspace's own copy is older than
      // that: a file that was only opened or touched by name, not one that the task wrote.
      const isOld =
        live && (before.stats?.ctimeNs ?? 0n) >= openedNs && (now.stats?.mtimeNs ?? openedNs) < openedNs;
      const sameSize = before.size === undefined || before.size === size;
      const same = isOld || (sameSize && (await sameContent(tree, path, size, before.content)));
      if (same && before.mode === now.mode) return;
      const stored = await this.#blobs.add(tree, path, size);
      this.#entries.push({
        path,
        kind: 'file',
        change: same ? 'mode' : 'modified',
        mode: now.mode,
        ...stored,
      });
      return;
    }
    const stored = await this.#blobs.add(tree, path, size);
    const change = was === undefined ? 'created' : 'modified';
    this.#entries.push({ path, kind: 'file', change, mode: now.mode, ...stored, ...changed(was, 'file') });
  }
}

function changed<K extends string>(was: K | undefined, kind: K): { was?: K } {
  return was === undefined || was === kind ? {} : { was };
}
