import type { ComposedEntry } from './changeset.js';
import type { DiskTree } from './disk-tree.js';

/** Where the content of a file is, or its SHA-256; `unknown` where neither can be told any more. */
export type Content = { in: DiskTree; path: string } | { hash: string } | 'unknown';

/** What a path is at one moment. */
export type PathState =
  | { kind: 'absent' }
  | { kind: 'special' }
  | { kind: 'file'; mode: number; size?: number; content: Content }
  | { kind: 'symlink'; target: string | undefined }
  | { kind: 'directory'; mode: number };

/** What a changeset's entry makes of its path. */
export function stateOfEntry(entry: ComposedEntry): PathState {
  switch (entry.kind) {
    case 'absent':
      return { kind: 'absent' };
    case 'directory':
      return { kind: 'directory', mode: entry.mode };
    case 'symlink':
      return { kind: 'symlink', target: entry.target };
    case 'file':
      return { kind: 'file', mode: entry.mode, size: entry.size, content: { hash: entry.hash } };
    default:
      return entry satisfies never;
  }
}
