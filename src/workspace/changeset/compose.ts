import { parentOf } from '../../util/paths/relative-path.js';
import type { Changeset, ChangesetEntry, ComposedEntry, EntryKind } from './changeset.js';
import { blobPath } from './manifest.js';

/**
 * Takes changesets; gives the entries of the one changeset that does what applying them in order does: later ones
 * win, what was created and then deleted disappears, what was deleted and then created is modified. Sorted by path.
 */
export function composeChangesets(changesets: readonly Changeset[]): ComposedEntry[] {
  const composed = new Map<string, ComposedEntry>();
  const before = new Map<string, EntryKind | undefined>();
  for (const { dir, entries } of changesets) {
    for (const entry of entries) {
      if (!before.has(entry.path)) before.set(entry.path, kindBefore(entry));
      const merged = join(composed.get(entry.path), entry, before.get(entry.path));
      if (merged === undefined) composed.delete(entry.path);
      else if (merged.kind === 'file')
        composed.set(entry.path, { ...merged, blob: blobPath(dir, merged.hash) });
      else composed.set(entry.path, merged);
    }
  }
  dropRevivedFolders(composed);
  return [...composed.values()].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

/** What a path was before its first entry. */
function kindBefore(entry: ChangesetEntry): EntryKind | undefined {
  if (entry.kind === 'absent' || entry.was !== undefined) return entry.was;
  return entry.change === 'created' ? undefined : entry.kind;
}

/** The entry that leads from what a path was at first (`was`) to what `next` makes of it. */
function join(
  earlier: ChangesetEntry | undefined,
  next: ChangesetEntry,
  was: EntryKind | undefined,
): ChangesetEntry | undefined {
  const switched = (kind: EntryKind): { was?: EntryKind } =>
    was === undefined || was === kind ? {} : { was };
  switch (next.kind) {
    case 'absent':
      return was === undefined ? undefined : { path: next.path, kind: 'absent', change: 'deleted', was };
    case 'file': {
      const { path, mode, size, hash } = next;
      const onlyMode = next.change === 'mode' && (earlier === undefined || earlier.change === 'mode');
      const change = was === undefined ? 'created' : onlyMode ? 'mode' : 'modified';
      return { path, kind: 'file', change, mode, size, hash, ...switched('file') };
    }
    case 'symlink': {
      const change = was === undefined ? 'created' : 'modified';
      return { path: next.path, kind: 'symlink', change, target: next.target, ...switched('symlink') };
    }
    case 'directory': {
      const change = was === 'directory' ? 'mode' : 'created';
      return { path: next.path, kind: 'directory', change, mode: next.mode, ...switched('directory') };
    }
    default:
      return next satisfies never;
  }
}

/** One changeset removes a folder because nothing was left in it, another puts a file there: the folder stays. */
function dropRevivedFolders(composed: Map<string, ComposedEntry>): void {
  for (const { path, kind } of [...composed.values()]) {
    if (kind === 'absent') continue;
    for (let folder = parentOf(path); folder !== ''; folder = parentOf(folder)) {
      const entry = composed.get(folder);
      if (entry?.kind === 'absent') composed.delete(folder);
    }
  }
}
