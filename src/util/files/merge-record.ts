import { lstatSync, type Stats } from 'node:fs';
import { unlessOutOfReach } from '../errors.js';

/** Where a working tree's merge that is under way, or was cut short, leaves its record (see merge/transaction/commit-record). Here, so that asking loads nothing heavy. */
export const recordPath = (root: string) => `${root}/.forge/merging`;

/** Whether anything at all stands in the record's place, without judging it. */
export function mayBeMerging(root: string): boolean {
  return recordStats(root) !== undefined;
}

/** Whether what stands there may say that a merge is past its commit point: until then it is a symlink. */
export function mayBeCommitted(root: string): boolean {
  return recordStats(root)?.isSymbolicLink() === false;
}

function recordStats(root: string): Stats | undefined {
  // Where `.forge` is a file, or a link that leads nowhere, who goes on will say so.
  return unlessOutOfReach(() => lstatSync(recordPath(root), { throwIfNoEntry: false }));
}
