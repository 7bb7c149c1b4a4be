import { below, parentOf } from '../../util/paths/relative-path.js';
import type { BaseLookup } from '../workspace.js';
import type { ComposedEntry } from './changeset.js';
import type { DiskTree } from './disk-tree.js';
import { type PathState, stateOfEntry } from './path-state.js';

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
      const name = folder === '' ? entry.path : entry.path.slice(folder.length + 1);
      if (siblings === undefined) this.#children.set(folder, [name]);
      else siblings.push(name);
    }
  }

  /** The state of a path. What no base knows is read from root just now, so that an edit by the user may be in it. */
  async state(path: string): Promise<PathState> {
    const entry = this.#entries.get(path);
    if (entry !== undefined) return stateOfEntry(entry);
    if (this.#isCutOff(path)) return { kind: 'absent' };
    const known = await this.base?.lookup(path);
    if (known === undefined) return this.root.state(path);
    if (known === null) return { kind: 'absent' };
    switch (known.kind) {
      case 'file':
        return {
          kind: 'file',
          mode: known.mode,
          content: known.hash === undefined ? 'unknown' : { hash: known.hash },
        };
      case 'symlink':
        return { kind: 'symlink', target: known.target };
      case 'directory':
        return { kind: 'directory', mode: known.mode };
      default:
        return known.kind satisfies never;
    }
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
    for (let folder = parentOf(path); folder !== ''; folder = parentOf(folder)) {
      const entry = this.#entries.get(folder);
      if (entry !== undefined && entry.change !== 'mode') return true;
    }
    return false;
  }
}
