import { lstatSync } from 'node:fs';

/** Where a working tree's merge that is under way, or was cut short, leaves its record. */
export const recordPath = (root: string) => `${root}/.forge/merging`;

/** Whether anything at all stands in the record's place, without judging it. Here, so that asking loads nothing heavy. */
export function mayBeMerging(root: string): boolean {
  return lstatSync(recordPath(root), { throwIfNoEntry: false }) !== undefined;
}
