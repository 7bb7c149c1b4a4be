/**
 * A path relative to root with `/` between segments. Names that are not UTF-8 are carried byte-exactly:
 * each invalid byte 0xNN is the lone surrogate U+DCNN (the "surrogateescape" of Python's PEP 383).
 */
export type RelativePath = string;

/** The kinds of entry a changeset can carry. */
export type EntryKind = 'file' | 'symlink' | 'directory';

/**
 * What one path is after a change. `mode` holds the permission bits (0o7777). Where the kind of a path changed
 * (a folder that became a file, a file that became a link...), `was` says what it was before.
 */
export type ChangesetEntry =
  | {
      path: RelativePath;
      kind: 'file';
      change: 'created' | 'modified' | 'mode';
      mode: number;
      size: number;
      /** SHA-256 (hex) of the content; also its name in the changeset's `blobs/` folder. */
      hash: string;
      was?: EntryKind;
    }
  | {
      path: RelativePath;
      kind: 'symlink';
      change: 'created' | 'modified';
      /** Exactly what readlink gives (not resolved); bytes as in RelativePath. */
      target: string;
      was?: EntryKind;
    }
  | { path: RelativePath; kind: 'directory'; change: 'created' | 'mode'; mode: number; was?: EntryKind }
  | { path: RelativePath; kind: 'absent'; change: 'deleted'; was: EntryKind };

/** What an entry says of the kind that its path had before, if that is another. */
export function formerKind(was: EntryKind | undefined, kind: EntryKind): { was?: EntryKind } {
  return was === undefined || was === kind ? {} : { was };
}

/** The order of changesets: a folder before what is in it. */
export function byPath(a: { path: RelativePath }, b: { path: RelativePath }): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}

/** A change before it is decided whether it is kept: of a file, its content is not stored yet. */
export type FoundChange =
  | Omit<Extract<ChangesetEntry, { kind: 'file' }>, 'size' | 'hash'>
  | Exclude<ChangesetEntry, { kind: 'file' }>;

/**
 * An entry of several changesets put together. For a file, `blob` is the absolute path of the file that holds its
 * content (in the `blobs/` folder of whichever changeset it came from).
 */
export type ComposedEntry =
  | (Extract<ChangesetEntry, { kind: 'file' }> & { blob: string })
  | Exclude<ChangesetEntry, { kind: 'file' }>;

/**
 * What a workspace changed against what it started from, sorted by path (a folder before what is in it).
 * A path whose kind changed (a folder that became a file) has one entry with its new kind, and `absent`
 * entries for everything that was below it.
 */
export interface Changeset {
  /** Folder that holds `manifest.json` and `blobs/`. */
  dir: string;
  entries: readonly ChangesetEntry[];
}
