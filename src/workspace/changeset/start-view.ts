import { ancestorsOf, below, byFolder, nameOf } from '../../util/paths/path.js';
import type { BaseLookup } from '../workspace.js';
import type { ComposedEntry } from './changeset.js';
import type { DiskTree, PathState } from './disk-tree.js';

/** What a workspace started from: root (as it was when the run began, where that is known) under the start changesets. */
export class StartView {
  readonly #entries: ReadonlyMap<string, ComposedEntry>;
  readonly #inFolder: ReadonlyMap<string, readonly ComposedEntry[]>;

  constructor(
    readonly root: DiskTree,
    start: readonly ComposedEntry[],
    readonly base: BaseLookup | undefined,
  ) {
    this.#entries = new Map(start.map((entry) => [entry.path, entry]));
    this.#inFolder = byFolder(start);
  }

  /** The state of a path. What no base knows is read from root just now, so that an edit by the user may be in it. */
  async state(path: string): Promise<PathState> {
    const entry = this.#entries.get(path);
    if (entry !== undefined) return stateOfEntry(entry);
    if (this.#isCutOff(path)) return { kind: 'absent' };
    return (await this.base?.lookup(path)) ?? this.root.state(path);
  }

  /** Names in a folder at the start, unsorted. */
  children(path: string): string[] {
    const names = new Set(this.#isCutOff(below(path, 'any')) ? [] : this.root.children(path));
    for (const { path: each, kind } of this.#inFolder.get(path) ?? [])
      if (kind === 'absent') names.delete(nameOf(each));
      else names.add(nameOf(each));
    return [...names];
  }

  /** Whether a start changeset made, removed or replaced a folder above the path, so that root has no say in it. */
  #isCutOff(path: string): boolean {
    if (this.#entries.size === 0) return false;
    return ancestorsOf(path).some((folder) => (this.#entries.get(folder)?.change ?? 'mode') !== 'mode');
  }
}

/** What a changeset's entry makes of its path. */
function stateOfEntry(entry: ComposedEntry): PathState {
  switch (entry.kind) {
    case 'absent':
      return { kind: 'absent' };
    case 'directory':
      return { kind: 'directory', mode: entry.mode };
    case 'symlink':
      return { kind: 'symlink', target: entry.target };
    case 'file':
      return { kind: 'file', mode: entry.mode, size: entry.size, content: { hash: entry.hash } };
    default:
      return entry satisfies never;
  }
}
