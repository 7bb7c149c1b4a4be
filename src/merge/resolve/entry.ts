import type { ChangesetEntry, RelativePath } from '../../workspace/index.js';
import type { Seen } from '../base/seen.js';

/** One change that a run wants in the working tree. `blob` is the absolute path of the file that holds the new content (needed for files whose content changed). */
export type MergeEntry = ChangesetEntry & { blob?: string };

/** One thing to do in the working tree, and what was seen at its path when that was decided (null = nothing there). */
export type ResolvedEntry = { path: RelativePath; expected: Seen | null } & (
  | { kind: 'file'; mode: number; from: string; hash: string }
  | { kind: 'symlink'; target: RelativePath }
  | { kind: 'directory'; mode: number }
  | { kind: 'mode'; mode: number }
  | { kind: 'absent' }
);

/** A path that can't be merged, and why, in one readable sentence without a full stop. */
export interface Conflict {
  path: RelativePath;
  reason: string;
}
