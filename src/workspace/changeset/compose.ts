import { foldersAbove } from '../../util/paths/path.js';
import {
  byPath,
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
  return [...composed.values()].sort(byPath);
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
  if (next.kind === 'absent') return was && { ...next, was };
  const { was: _, ...bare } = next;
  const former = formerKind(was, next.kind);
  switch (bare.kind) {
    case 'file': {
      const onlyMode = next.change === 'mode' && (earlier === undefined || earlier.change === 'mode');
      return { ...bare, ...former, change: was === undefined ? 'created' : onlyMode ? 'mode' : 'modified' };
    }
    case 'symlink':
      return { ...bare, ...former, change: was === undefined ? 'created' : 'modified' };
    case 'directory':
      return { ...bare, ...former, change: was === 'directory' ? 'mode' : 'created' };
    default:
      return bare satisfies never;
  }
}

/** One changeset removes a folder because nothing was left in it, another puts a file there: the folder stays. */
function dropRevivedFolders(composed: Map<string, ComposedEntry>): void {
  const living = [...composed.values()].filter(({ kind }) => kind !== 'absent');
  for (const folder of foldersAbove(living.map(({ path }) => path)))
    if (composed.get(folder)?.kind === 'absent') composed.delete(folder);
}
