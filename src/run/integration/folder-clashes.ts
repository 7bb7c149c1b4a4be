import type { Changeset, ChangesetEntry } from '../../workspace/index.js';

/**
 * Ownership proves that no two tasks write one path, but a task may also make folders above what it writes: one can
 * make `a` a file (or a link) while another writes `a/b`. Gives each such pair as a sentence; empty when the results
 * fit together. `changesets` are in topological order; a task that knew of the other's result says so by `was`.
 */
export function folderClashes(changesets: readonly { task: string; changeset: Changeset }[]): string[] {
  const last = new Map<string, { task: string; kind: ChangesetEntry['kind'] }>();
  const clashes: string[] = [];
  for (const { task, changeset } of changesets) {
    for (const entry of changeset.entries) {
      const before = last.get(entry.path);
      if (
        before &&
        entry.change === 'created' &&
        entry.was === undefined &&
        isClash(before.kind, entry.kind)
      ) {
        clashes.push(`${before.task} makes ${entry.path} a ${before.kind}, ${task} a ${entry.kind}`);
      }
      last.set(entry.path, { task, kind: entry.kind });
    }
  }
  return clashes;
}

function isClash(one: ChangesetEntry['kind'], other: ChangesetEntry['kind']): boolean {
  return one !== 'absent' && (one === 'directory') !== (other === 'directory');
}
