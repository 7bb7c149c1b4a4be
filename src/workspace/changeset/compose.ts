import { foldersAbove } from '../../util/paths/path.js';
import {
  type Changeset,
  type ChangesetEntry,
  type ComposedEntry,
  type EntryKind,
  formerKind,
} from './changeset.js';
import { blobPath } from './manifest.js';

/**
 * The entries of the one changeset that does what applying several in order does: later ones win, what was created and
 * then deleted disappears, what was deleted and then created is modified. Sorted by path.
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
  switch (next.kind) {
    case 'absent':
      return was === undefined ? undefined : { path: next.path, kind: 'absent', change: 'deleted', was };
    case 'file': {
      const { path, mode, size, hash } = next;
      const onlyMode = next.change === 'mode' && (earlier === undefined || earlier.change === 'mode');
      const change = was === undefined ? 'created' : onlyMode ? 'mode' : 'modified';
      return { path, kind: 'file', change, mode, size, hash, ...formerKind(was, 'file') };
    }
    case 'symlink': {
      const change = was === undefined ? 'created' : 'modified';
      return { path: next.path, kind: 'symlink', change, target: next.target, ...formerKind(was, 'symlink') };
    }
    case 'directory': {
      const change = was === 'directory' ? 'mode' : 'created';
      return { path: next.path, kind: 'directory', change, mode: next.mode, ...formerKind(was, 'directory') };
    }
    default:
      return next satisfies never;
  }
}

/** One changeset removes a folder because nothing was left in it, another puts a file there: the folder stays. */
function dropRevivedFolders(composed: Map<string, ComposedEntry>): void {
  const living = [...composed.values()].filter(({ kind }) => kind !== 'absent');
  for (const folder of foldersAbove(living.map(({ path }) => path)))
    if (composed.get(folder)?.kind === 'absent') composed.delete(folder);
}
