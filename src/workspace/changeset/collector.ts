import { yieldToEventLoop } from '../../util/async/yield-to-event-loop.js';
import { codeOf } from '../../util/errors.js';
import { ancestorsOf, reservedTop } from '../../util/paths/path.js';
import { WorkspaceError, workspaceFailure } from '../failure.js';
import type { ChooseChanges, Collected } from '../workspace.js';
import { BlobStore, sameContent } from './blobs.js';
import { type ChangesetEntry, type FoundChange, formerKind } from './changeset.js';
import { checkTree } from './check-tree.js';
import { DiskTree, type PathState } from './disk-tree.js';
import { saveManifest } from './manifest.js';

/** What a collector compares with. */
export interface Start {
  state(path: string): Promise<PathState>;
  children(path: string): string[];
}

export interface CollectorOptions {
  /** The workspace's tree as it is now. */
  now: DiskTree;
  start: Start;
  /** What a link's target, as the workspace has it, stands for in the working tree. */
  translateTarget?: (path: string, target: string) => string;
}

/** How a path differs from what it was, if it does, and whether it is something that no changeset can carry. */
interface Comparison {
  change?: FoundChange;
  isSpecial?: boolean;
}

/**
 * Compares paths of a workspace with what it started from, one by one, and notes the differences; then stores what is
 * kept of them. Asking about a path twice is harmless. No content is held in memory, and none is copied before `store`.
 */
export class Collector {
  readonly #special: string[] = [];
  readonly #found: FoundChange[] = [];
  readonly #seen = new Set<string>();
  readonly #reserved = new Set<string>();
  /** Folders that had something reserved at the start, which is to stay. */
  readonly #staying = new Set<string>();
  readonly #pause = yieldToEventLoop();

  constructor(readonly options: CollectorOptions) {}

  /** Whether nothing more is to be learned about a path and what is below it. */
  isSettled(path: string): boolean {
    const top = reservedTop(path);
    return top !== undefined && (this.#reserved.has(top) || isRootsOwn(top));
  }

  /** Compares a path and everything below it, on either side. */
  async checkTree(top: string): Promise<void> {
    await checkTree(top, this, [this.options.now, this.options.start]);
  }

  /** Compares one path. */
  async check(path: string): Promise<void> {
    if (path === '' || this.#seen.has(path) || this.isSettled(path)) return;
    this.#seen.add(path);
    await this.#pause();
    const { change, isSpecial } = await patiently(path, () => this.#compare(path));
    if (change === undefined && !isSpecial) return;
    const top = reservedTop(path);
    if (top !== undefined) return this.#leaveOut(top);
    if (isSpecial) this.#special.push(path);
    if (change !== undefined) this.#found.push(change);
  }

  /**
   * Asks what is to be kept of the differences, stores the content of just that in `into`, and writes its manifest. What
   * was stored is what counts, should a file change meanwhile.
   */
  async store(
    into: string,
    choose: ChooseChanges = async (found) => found,
  ): Promise<Omit<Collected, 'outside'>> {
    // A folder that something reserved stays in can't go, and what is made of the changes is to say so everywhere.
    const found = this.#found.filter((change) => change.kind !== 'absent' || !this.#staying.has(change.path));
    const kept = await choose(sorted(found));
    const blobs = new BlobStore(`${into}/blobs`);
    const entries: ChangesetEntry[] = [];
    for (const change of kept) {
      await this.#pause();
      const entry = change.kind === 'file' ? await this.#storeFile(blobs, change) : change;
      if (entry !== undefined) entries.push(entry);
    }
    const changeset = { dir: into, entries };
    await saveManifest(changeset);
    return { changeset, special: this.#special.sort(), reserved: [...this.#reserved].sort() };
  }

  async #leaveOut(top: string): Promise<void> {
    this.#reserved.add(top);
    if ((await this.options.start.state(top)).kind === 'absent') return;
    for (const folder of ancestorsOf(top)) this.#staying.add(folder);
  }

  /** Stores a file; where it is gone by now, gives what is there instead. */
  async #storeFile(
    blobs: BlobStore,
    change: Extract<FoundChange, { kind: 'file' }>,
  ): Promise<ChangesetEntry | undefined> {
    const { path } = change;
    return patiently(path, async (again) => {
      if (again) {
        const { change: fresh } = await this.#compare(path);
        if (fresh?.kind !== 'file') return fresh;
      }
      const stored = await blobs.add(this.options.now, path);
      const entry = { ...change, ...stored };
      return change.change !== 'mode' || (await this.#hasOldContent(blobs, entry))
        ? entry
        : { ...entry, change: 'modified' };
    });
  }

  /** Whether what was stored of a file is what it held at the start. */
  async #hasOldContent(
    blobs: BlobStore,
    { path, hash, size }: { path: string; hash: string; size: number },
  ): Promise<boolean> {
    const before = await this.options.start.state(path);
    return before.kind === 'file' && sameContent(new DiskTree(blobs.dir), hash, size, before.content);
  }

  async #compare(path: string): Promise<Comparison> {
    const now = this.options.now.state(path);
    const before = await this.options.start.state(path);
    const was = before.kind === 'absent' || before.kind === 'special' ? undefined : before.kind;
    const change = was === undefined ? 'created' : 'modified';
    switch (now.kind) {
      case 'special':
      case 'absent':
        return {
          isSpecial: now.kind === 'special',
          change: was && { path, kind: 'absent', change: 'deleted', was },
        };
      case 'directory': {
        const { kind, mode } = now;
        if (before.kind !== kind)
          return { change: { path, kind, change: 'created', mode, ...formerKind(was, kind) } };
        return before.mode === mode ? {} : { change: { path, kind, change: 'mode', mode } };
      }
      case 'symlink': {
        const { kind, target: stored = '' } = now;
        const target = this.options.translateTarget?.(path, stored) ?? stored;
        if (before.kind === kind && before.target === target) return {};
        return { change: { path, kind, change, target, ...formerKind(was, kind) } };
      }
      case 'file': {
        const { kind, mode } = now;
        if (before.kind !== kind) return { change: { path, kind, change, mode, ...formerKind(was, kind) } };
        const isSame = await this.#isSame(path, now, before);
        if (isSame && before.mode === mode) return {};
        return { change: { path, kind, change: isSame ? 'mode' : 'modified', mode } };
      }
      default:
        return now satisfies never;
    }
  }

  /**
   * By content alone: times prove nothing, `cp -p`, `mv`, `tar x` and `rsync -a` write new content with old ones. So a
   * file that an overlay copied up because it was opened, and that the user edited in root afterwards, counts as
   * the task's: the merge then asks, instead of dropping what may be work.
   */
  async #isSame(
    path: string,
    now: Extract<PathState, { kind: 'file' }>,
    before: Extract<PathState, { kind: 'file' }>,
  ): Promise<boolean> {
    const size = now.size ?? 0;
    if (before.size !== undefined && before.size !== size) return false;
    return sameContent(this.options.now, path, size, before.content);
  }
}

/** The working tree's own git folder, which tasks have a private view of, and forge's. */
function isRootsOwn(top: string): boolean {
  return top === '.git' || top === '.forge';
}

/** Looks at a path; once more where something on it vanishes between being listed and being read. */
async function patiently<T>(path: string, look: (again: boolean) => Promise<T>): Promise<T> {
  try {
    return await look(false);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw workspaceFailure(error, `collect ${path}`);
  }
  try {
    return await look(true);
  } catch (again) {
    if (codeOf(again) !== 'ENOENT') throw workspaceFailure(again, `collect ${path}`);
    throw new WorkspaceError(
      `cannot collect ${path}: it keeps vanishing while it is read; a process is still changing the workspace`,
      { cause: again },
    );
  }
}

function sorted(changes: FoundChange[]): FoundChange[] {
  return changes.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}
