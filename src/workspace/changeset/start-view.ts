import { ancestorsOf, below, nameOf, parentOf } from '../../util/paths/relative-path.js';
import type { BaseLookup } from '../workspace.js';
import type { ComposedEntry } from './changeset.js';
import type { DiskTree, PathState } from './disk-tree.js';

/** What a workspace started from: root (as it was when the run began, where that is known) under the start changesets. */
export class StartView {
  readonly #entries = new Map<string, ComposedEntry>();
  readonly #children = new Map<string, string[]>();

  constructor(
    readonly root: DiskTree,
    start: readonly ComposedEntry[],
    readonly base: BaseLookup | undefined,
  ) {
    for (const entry of start) {
      this.#entries.set(entry.path, entry);
      const folder = parentOf(entry.path);
      const siblings = this.#children.get(folder);
      if (siblings === undefined) this.#children.set(folder, [nameOf(entry.path)]);
      else siblings.push(nameOf(entry.path));
    }
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
    for (const name of this.#children.get(path) ?? []) {
      if (this.#entries.get(below(path, name))?.kind === 'absent') names.delete(name);
      else names.add(name);
    }
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
