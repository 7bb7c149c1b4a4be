import type { ResolvedEntry } from '../merge-plan.js';

/**
 * What is to be said of files with several names (hard links) that the merge replaces: a new file comes under the name that
 * the run changed, and the other names keep the old one.
 */
export function hardLinkNotes(writes: readonly ResolvedEntry[]): string[] {
  const groups = new Map<string, { names: number; paths: string[] }>();
  for (const { kind, path, expected } of writes) {
    if (kind !== 'file' || expected?.kind !== 'file' || (expected.nlink ?? 1) < 2) continue;
    const group = groups.get(expected.ino) ?? { names: expected.nlink!, paths: [] };
    group.paths.push(path);
    groups.set(expected.ino, group);
  }
  return [...groups.values()].map(({ names, paths }) => {
    const others = names - paths.length;
    const those = paths.length === 1 ? `${paths[0]} had` : `${paths.join(', ')} had together`;
    if (others <= 0) return `${paths.join(', ')} were one file (hard links) and are separate files now`;
    const keep = others === 1 ? 'the other one keeps' : `the other ${others} keep`;
    return `${those} ${names} names (hard links): ${keep} the old content`;
  });
}
