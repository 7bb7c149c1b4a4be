import type { Task } from '../../plan/index.js';
import { foldersAbove } from '../../util/paths/path.js';
import type { Changeset, ChangesetEntry } from '../../workspace/index.js';

/**
 * The entries that people count as changes: all but folders that only hold, or only held, other changes of the list
 * (making `site/index.html` makes `site`, and that is one change). Keeps the order.
 */
export function withoutImpliedFolders(entries: readonly ChangesetEntry[]): ChangesetEntry[] {
  const holders = foldersAbove(entries.map(({ path }) => path));
  return entries.filter(({ path, kind, change, was }) => {
    const isFolder =
      (kind === 'directory' && change === 'created') || (kind === 'absent' && was === 'directory');
    return !isFolder || !holders.has(path);
  });
}

/**
 * Where one task's result makes a path a folder and another's makes it none, a sentence each; empty when the results fit
 * together. Ownership proves that no two tasks write one path, but a task may also make folders above what it writes: one
 * can make `a` a file (or a link) while another writes `a/b`. `results` are in topological order; a task that knew of
 * the other's result says so by `was`.
 */
export function kindConflicts(results: readonly { task: Task; changeset: Changeset }[]): string[] {
  const last = new Map<string, { task: string; kind: ChangesetEntry['kind'] }>();
  const conflicts: string[] = [];
  for (const { task, changeset } of results) {
    for (const { path, kind, change, was } of changeset.entries) {
      const before = last.get(path);
      const isBlind = change === 'created' && was === undefined;
      const mayClash = before !== undefined && before.kind !== 'absent' && isBlind;
      if (mayClash && (before.kind === 'directory') !== (kind === 'directory'))
        conflicts.push(`${before.task} makes ${path} a ${before.kind}, ${task.id} a ${kind}`);
      last.set(path, { task: task.id, kind });
    }
  }
  return conflicts;
}
