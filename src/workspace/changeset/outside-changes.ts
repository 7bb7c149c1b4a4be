import { relative } from 'node:path';
import { gitIgnored } from '../../util/git/git.js';
import { isReservedPath, isWithin } from '../../util/paths/path.js';
import { classifyChanges } from './classify-changes.js';
import { Collector, type CollectorOptions } from './collector.js';
import { DiskTree, withOwnTree } from './disk-tree.js';

export interface OutsideOptions extends Pick<CollectorOptions, 'translateTarget'> {
  /** Top of the real repository, and of the view of it. */
  top: string;
  view: string;
  root: string;
  /** ctime (ns) of a file made when the workspace was opened. */
  openedNs: bigint;
}

/**
 * What was changed in the repository around root, relative to root, sorted and without what git ignores. None of it is ever
 * merged, so names are enough. Folders do not count, as git does not see them. `scan` has what may have changed compared.
 * @throws WorkspaceError, GitError where git can't answer
 */
export async function outsideChanges(
  { top, view, root, openedNs, translateTarget }: OutsideOptions,
  scan: (collector: Collector) => Promise<void>,
): Promise<string[]> {
  const real = new DiskTree(top);
  const rootInTop = `/${relative(top, root)}`;
  const changed = await withOwnTree(view, async (now) => {
    const collector = new Collector({
      ...{ now, translateTarget },
      before: async (path) => real.state(path),
      isLeftOut: (path) => isReservedPath(path) || isWithin(`/${path}`, rootInTop),
    });
    await scan(collector);
    const { found, special } = collector.differences();
    /** The user edited the real file after the workspace was opened; the view's is older and was only touched by name. */
    const isUsersEdit = (path: string) =>
      (real.stat(path)?.ctimeNs ?? 0n) >= openedNs && (now.stat(path)?.mtimeNs ?? openedNs) < openedNs;
    const strays = classifyChanges(found, () => false).strays.filter(
      ({ kind, change, was, path }) =>
        !(kind === 'file' && change !== 'created' && was === undefined && isUsersEdit(path)),
    );
    return [
      ...strays.map(({ path }) => path),
      ...special.filter((path) => real.state(path).kind !== 'special'),
    ];
  });
  const ignored = await gitIgnored(top, changed);
  return [...new Set(changed)]
    .filter((path) => !ignored.has(path))
    .map((path) => relative(rootInTop, `/${path}`))
    .sort();
}
