import { ancestorsOf } from '../../util/paths/path.js';
import type { BaseLookup } from '../workspace.js';
import type { ComposedEntry } from './changeset.js';
import type { DiskTree, PathState } from './disk-tree.js';

/**
 * Tells what a path of a workspace was at the start: root (as it was when the run began, where that is known) under the
 * start changesets. What no base knows is read from root just then, so that an edit by the user may be in it.
 */
export function stateAtStart(
  root: DiskTree,
  start: readonly ComposedEntry[],
  base: BaseLookup | undefined,
): (path: string) => Promise<PathState> {
  const entries = new Map(start.map((entry) => [entry.path, entry]));
  /** Whether a start changeset made, removed or replaced a folder above the path, so that root has no say in it. */
  const isCutOff = (path: string) =>
    entries.size > 0 &&
    ancestorsOf(path).some((folder) => (entries.get(folder)?.change ?? 'mode') !== 'mode');
  return async (path) => {
    const entry = entries.get(path);
    if (entry !== undefined) return stateOfEntry(entry);
    if (isCutOff(path)) return { kind: 'absent' };
    return (await base?.lookup(path)) ?? root.state(path);
  };
}

/** What a changeset's entry makes of its path. */
function stateOfEntry(entry: ComposedEntry): PathState {
  if (entry.kind !== 'file') return entry;
  return { kind: 'file', mode: entry.mode, size: entry.size, content: { hash: entry.hash } };
}
