import type { FileState } from '../util/files/file-state.js';
import type { RelativePath } from '../workspace/index.js';

/** One thing to do in the working tree, and what was at its path when that was decided (null = nothing). `hash`: SHA-256 (hex) of the new content. */
export type Write = { path: RelativePath; expected: FileState | null } & (
  | { kind: 'file'; mode: number; hash: string }
  | { kind: 'symlink'; target: string }
  | { kind: 'directory'; mode: number }
  | { kind: 'mode'; mode: number }
  | { kind: 'absent' }
);

/** The same with the file that has the new content (absolute). */
export type ResolvedEntry = (Write & { kind: 'file'; from: string }) | Exclude<Write, { kind: 'file' }>;

/** A path that can't be merged, and why, in one readable sentence without a full stop. */
export interface Conflict {
  path: RelativePath;
  reason: string;
}

/** What the merge does with one path, as it is stored. Each can be done again after a crash. */
export type PlannedWrite = Write & {
  /** Number of the write: names its staged content `new/<n>` and what it moves aside `old/<n>`. */
  n: number;
  /** Inode of the staged file, by which a write that is already done is known. */
  ino?: string;
  /** Folder (relative to root) that holds the staged file as `.forge-<run>-<n>`, when it is on another device than the run folder. */
  beside?: string;
  /** Found when an interrupted merge is gone on with: it is in place, and the user has edited it since. Never stored. */
  isPlaced?: boolean;
};

/** A write of a new file or link. */
export type NewContent = PlannedWrite & { kind: 'file' | 'symlink' };

/** A file or symlink as git's index and trees have it: mode (100644, 100755, 120000) and blob. */
export interface GitEntry {
  mode: string;
  oid: string;
}

/** `--commit`: the ref that the merge moves after the working tree is written. */
export interface RefUpdate {
  ref: string;
  old: string;
  new: string;
  message: string;
  /** Entries of git's index (paths inside the repository) that move along, each if it still is what it was. */
  index: { path: string; from: GitEntry | null; to: GitEntry | null }[];
}

/** `plan.json` in the merge folder of a run: everything that is needed to finish the merge. */
export interface MergePlan {
  v: 1;
  run: string;
  writes: PlannedWrite[];
  after?: RefUpdate;
  /** The folder `placed` says that all is in place until the record is gone. An older forge removed it before. */
  keepsPlaced?: boolean;
}

/** A merge and where its files are. */
export interface MergeFolder {
  root: string;
  run: string;
  /** In the run's folder: `new/`, `old/`, `plan.json`. */
  dir: string;
}

/** A merge that is past its commit point. */
export interface MergeJob extends MergeFolder {
  plan: MergePlan;
}

/** Name of a file staged beside its target. */
export function besideName(run: string, n: number): string {
  return `.forge-${run}-${n}`;
}
