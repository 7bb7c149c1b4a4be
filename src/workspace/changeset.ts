/**
 * A path relative to root with `/` between segments. Names that are not UTF-8 are carried byte-exactly:
 * each invalid byte 0xNN is the lone surrogate U+DCNN (the "surrogateescape" of Python's PEP 383).
 */
export type RelativePath = string;

/** What one path is after a change. `mode` holds the permission bits (0o7777). */
export type ChangesetEntry =
  | {
      path: RelativePath;
      kind: 'file';
      change: 'created' | 'modified' | 'mode';
      mode: number;
      size: number;
      /** SHA-256 (hex) of the content; also its name in the changeset's `blobs/` folder. */
      hash: string;
    }
  | { path: RelativePath; kind: 'symlink'; change: 'created' | 'modified'; target: RelativePath }
  | { path: RelativePath; kind: 'directory'; change: 'created' | 'mode'; mode: number }
  | { path: RelativePath; kind: 'absent'; change: 'deleted'; was: 'file' | 'symlink' | 'directory' };

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
