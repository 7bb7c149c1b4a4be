import { below } from '../../util/paths/path.js';
import { DiskTree } from '../changeset/disk-tree.js';

/**
 * Takes paths relative to root; gives those (and folders above them) that an ordinary user could not change in an
 * overlay view because another user or group owns them: a user namespace knows only the user's own ids, and opening
 * such a file for writing fails with EOVERFLOW. Empty for real root.
 */
export function foreignOwned(root: string, paths: readonly string[]): string[] {
  const uid = process.getuid?.();
  const gid = process.getgid?.();
  if (uid === undefined || uid === 0) return [];
  const tree = new DiskTree(root);
  const foreign = new Set<string>();
  const seen = new Set<string>();
  for (const path of paths) {
    let place = '';
    for (const segment of path.split('/')) {
      place = below(place, segment);
      if (seen.has(place)) continue;
      seen.add(place);
      const stats = tree.stat(place);
      if (stats !== undefined && (Number(stats.uid) !== uid || Number(stats.gid) !== gid)) foreign.add(place);
    }
  }
  return [...foreign].sort();
}
