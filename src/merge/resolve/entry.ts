import type { FileState } from '../../util/files/file-state.js';
import type { RelativePath } from '../../workspace/index.js';

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
