import { foldersAbove } from '../../util/paths/path.js';
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
  const isForeign = (path: string) => {
    const stats = tree.stat(path);
    return stats !== undefined && (Number(stats.uid) !== uid || Number(stats.gid) !== gid);
  };
  return [...new Set([...foldersAbove(paths), ...paths])].filter(isForeign).sort();
}
