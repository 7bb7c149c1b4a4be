import type { Seen } from './seen.js';

/** What is kept of one owned path that existed at the start. */
export interface BaseRecord {
  seen: Seen;
  /** git's blob that has the file's exact bytes. */
  blob?: string;
  /** Name of the copy in the base folder, and the SHA-256 of its bytes. */
  copy?: string;
  hash?: string;
}

/** `base.json` in the base folder. */
export interface BaseData {
  v: 1;
  root: string;
  /** ctime of a file touched at the start: a path whose ctime is older has not changed since. */
  markerNs: string;
  records: [path: string, record: BaseRecord][];
  /** Folders above the recorded paths. */
  folders: [path: string, seen: Seen][];
  /** Paths that git ignored; a folder ends in `/`. */
  opaque: string[];
}
