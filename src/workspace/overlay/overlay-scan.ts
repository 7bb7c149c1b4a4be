import type { BigIntStats } from 'node:fs';
import { yieldToEventLoop } from '../../util/async/yield-to-event-loop.js';
import { below, isReservedPath } from '../../util/paths/path.js';
import type { Collector } from '../changeset/collector.js';
import { DiskTree } from '../changeset/disk-tree.js';
import { WorkspaceError } from '../failure.js';

export interface UpperScan {
  /** The overlay's upper folder. */
  upper: string;
  lower: DiskTree;
  /** Whether folders may be redirected. */
  redirect: boolean;
  /** Its tree is the merged view. */
  collector: Collector;
}

/**
 * Checks every path that an overlay may have changed, at a cost that grows with what is in the upper folder. In a
 * folder of the upper, what the lower has and the merged view lacks was deleted (whiteouts and opaque folders alike,
 * without reading either), and what the upper has may have changed. A folder that was renamed without copying shows
 * content of another lower folder: its inode in the merged view is not that of the lower folder of the same name
 * (checked by the probe), and then both sides are compared in full.
 */
export async function scanUpper(scan: UpperScan): Promise<void> {
  const { upper, lower, redirect, collector } = scan;
  const { now } = collector.options;
  const upperTree = new DiskTree(upper);
  const pause = yieldToEventLoop();
  const folders = [''];
  /** Has a path and everything below it, on either side, compared. */
  const checkTree = async (top: string) => {
    const queue = [top];
    for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
      await collector.check(path);
      if (collector.isSettled(path)) continue;
      for (const name of new Set([...now.children(path), ...lower.children(path)]))
        queue.push(below(path, name));
    }
  };
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    await pause();
    const present = new Set(now.children(folder));
    for (const name of lower.children(folder)) {
      if (!present.has(name)) await checkTree(below(folder, name));
    }
    for (const name of upperTree.children(folder)) {
      const path = below(folder, name);
      if (collector.isSettled(path)) continue;
      // Through the view first: it lends the permission to look into a folder that forbids it.
      const merged = now.stat(path);
      const stats = upperTree.stat(path);
      if (stats === undefined) continue;
      if (!present.has(name)) {
        if (stats.isCharacterDevice()) continue; // a whiteout
        mustBeThere(merged, path);
      }
      if (!stats.isDirectory()) {
        // A folder in the lower may have become a file, and then all that was in it is gone.
        await checkTree(path);
        continue;
      }
      if (redirect && isElsewhere(merged, lower.stat(path))) await checkTree(path);
      else await collector.check(path);
      folders.push(path);
    }
  }
}

/**
 * When the user removes or replaces a folder of the lower while a task runs, the kernel may list the merged folder
 * without what the task wrote into it (seen on Linux 6.18: a folder that became a symlink). By name it is still found;
 * where it isn't, the task's work must not be lost in silence.
 */
function mustBeThere(merged: BigIntStats | undefined, path: string): void {
  if (merged !== undefined) return;
  throw new WorkspaceError(
    `the working tree was changed around ${path} while the task ran, and the overlay no longer shows what the task wrote there; run it again, or use --backend copy`,
  );
}

function isElsewhere(merged: BigIntStats | undefined, lower: BigIntStats | undefined): boolean {
  return lower === undefined || !lower.isDirectory() || merged?.ino !== lower.ino;
}

/** Looking at more entries than this is not worth the time of a progress display. */
const GLANCE = 5000;

/** Files, links and deletions in an upper folder newer than `sinceNs` (ctime), reserved ones left out. Stops counting after 5,000 entries. */
export function countChanged(upper: string, sinceNs: bigint): number {
  const tree = new DiskTree(upper);
  let count = 0;
  let seen = 0;
  const folders = [''];
  for (let folder = folders.pop(); folder !== undefined && seen < GLANCE; folder = folders.pop()) {
    try {
      for (const name of tree.children(folder)) {
        if (isReservedPath(name)) continue;
        seen += 1;
        const stats = tree.stat(below(folder, name));
        if (stats?.isDirectory()) folders.push(below(folder, name));
        else if (stats !== undefined && stats.ctimeNs > sinceNs) count += 1;
      }
    } catch {
      // Removed meanwhile, or made unreadable by the task: a progress display can do without it.
    }
  }
  return count;
}
