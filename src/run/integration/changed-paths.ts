import { foldersAbove } from '../../util/paths/relative-path.js';
import type { ChangesetEntry } from '../../workspace/index.js';

/**
 * The entries that people count as changes: all but folders that only hold, or only held, other changes of the list
 * (making `site/index.html` makes `site`, and that is one change). Keeps the order.
 */
export function withoutImpliedFolders<
  T extends Pick<ChangesetEntry, 'path' | 'kind' | 'change'> & { was?: string },
>(entries: readonly T[]): T[] {
  const holders = foldersAbove(entries.map(({ path }) => path));
  return entries.filter(({ path, kind, change, was }) => {
    const isFolder =
      (kind === 'directory' && change === 'created') || (kind === 'absent' && was === 'directory');
    return !isFolder || !holders.has(path);
  });
}
