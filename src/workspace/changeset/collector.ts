import { yieldToEventLoop } from '../../util/async/yield-to-event-loop.js';
import { codeOf } from '../../util/errors.js';
import { ancestorsOf, reservedTop } from '../../util/paths/path.js';
import { WorkspaceError, workspaceFailure } from '../failure.js';
import type { ChooseChanges, Collected } from '../workspace.js';
import { BlobStore, hashOf } from './blobs.js';
import { byPath, type ChangesetEntry, type FoundChange, formerKind } from './changeset.js';
import type { DiskTree, PathState } from './disk-tree.js';
import { saveManifest } from './manifest.js';

export interface CollectorOptions {
  /** The workspace's tree as it is now. */
  now: DiskTree;
  /** What a path was in what it started from. */
  before: (path: string) => Promise<PathState>;
  /** What a link's target, as the workspace has it, stands for in the working tree. */
  translateTarget?: ((path: string, target: string) => string) | undefined;
  /** Whether a path and what is below it is none of its business. Default: the working tree's own git folder, which tasks have a private view of, and forge's. */
  isLeftOut?: (path: string) => boolean;
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
    const { isLeftOut = isRootsOwn } = this.options;
    return (top !== undefined && this.#reserved.has(top)) || isLeftOut(path);
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

  /** All that differs, by path, and what no changeset can carry. */
  differences(): { found: FoundChange[]; special: string[] } {
    // A folder that something reserved stays in can't go, and what is made of the changes is to say so everywhere.
    const found = this.#found.filter((change) => change.kind !== 'absent' || !this.#staying.has(change.path));
    return { found: found.sort(byPath), special: this.#special.sort() };
  }

  /**
   * Asks what is to be kept of them, stores the content of just that in `into`, and writes its manifest. What
   * was stored is what counts, should a file change meanwhile.
   */
  async store(into: string, choose?: ChooseChanges): Promise<Omit<Collected, 'outside'>> {
    const { found, special } = this.differences();
    const kept = (await choose?.(found)) ?? found;
    const blobs = new BlobStore(`${into}/blobs`);
    const entries: ChangesetEntry[] = [];
    for (const change of kept) {
      await this.#pause();
      const entry = change.kind === 'file' ? await this.#storeFile(blobs, change) : change;
      if (entry !== undefined) entries.push(entry);
    }
    const changeset = { dir: into, entries };
    await saveManifest(changeset);
    return { changeset, special, reserved: [...this.#reserved].sort() };
  }

  async #leaveOut(top: string): Promise<void> {
    this.#reserved.add(top);
    if ((await this.options.before(top)).kind === 'absent') return;
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
      if (change.change !== 'mode') return { ...change, ...stored };
      const before = await this.options.before(path);
      const isOld = before.kind === 'file' && (await hashOf(before.content, stored.size)) === stored.hash;
      return { ...change, ...stored, change: isOld ? 'mode' : 'modified' };
    });
  }

  async #compare(path: string): Promise<Comparison> {
    const now = this.options.now.state(path);
    const before = await this.options.before(path);
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
        const isSame = await hasSameContent(now, before);
        if (isSame && before.mode === mode) return {};
        return { change: { path, kind, change: isSame ? 'mode' : 'modified', mode } };
      }
      default:
        return now satisfies never;
    }
  }
}

type FileThen = Extract<PathState, { kind: 'file' }>;

/**
 * By content alone: times prove nothing, `cp -p`, `mv`, `tar x` and `rsync -a` write new content with old ones. So a
 * file that an overlay copied up because it was opened, and that the user edited in root afterwards, counts as
 * the task's: the merge then asks, instead of dropping what may be work.
 */
async function hasSameContent(now: FileThen, before: FileThen): Promise<boolean> {
  const size = now.size ?? 0;
  if (before.size !== undefined && before.size !== size) return false;
  const hash = await hashOf(before.content, size);
  return hash !== undefined && hash === (await hashOf(now.content, size));
}

function isRootsOwn(path: string): boolean {
  return /^\.(git|forge)(\/|$)/.test(path);
}

/** Looks at a path; once more where something on it vanishes between being listed and being read. */
async function patiently<T>(path: string, look: (again: boolean) => Promise<T>, again = false): Promise<T> {
  try {
    return await look(again);
  } catch (cause) {
    if (codeOf(cause) !== 'ENOENT') throw workspaceFailure(cause, `collect ${path}`);
    if (!again) return await patiently(path, look, true);
    throw new WorkspaceError(
      `cannot collect ${path}: it keeps vanishing while it is read; a process is still changing the workspace`,
      { cause },
    );
  }
}
