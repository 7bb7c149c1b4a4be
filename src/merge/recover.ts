import { lstat } from 'node:fs/promises';
import type { Merged } from './finish.js';

/** What became of a merge that was interrupted. `undone`: it had not passed its commit point, so the tree was never touched. */
export interface Recovered {
  run: string;
  paths: string[];
  outcome: 'finished' | 'undone';
  /** The user's own versions that were moved aside, and where they are. */
  displaced: { path: string; kept: string }[];
  /** `--commit`: why the branch was not moved. */
  refused?: string;
}

/**
 * Finishes (or undoes) a merge that was cut short; every forge command calls it first. Costs one lstat when there is
 * none, so this file imports nothing heavy. Waits while a living forge is merging (`waitMs`,
 * default one minute). `record` is called with a merge that is finished just before its end. Throws a MergeError.
 */
export async function recoverMerge(
  root: string,
  options: { waitMs?: number; record?: (run: string, merged: Merged) => Promise<void> } = {},
): Promise<Recovered | null> {
  try {
    await lstat(`${root}/.forge/merging`);
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
      return null;
    throw error;
  }
  const { finish, mergeFolder, readPlan, undo } = await import('./finish.js');
  const { letGo, takeOver } = await import('./marker.js');
  const taken = await takeOver(root, options.waitMs ?? 60_000);
  if (taken === null) return null;
  const { marker, claims } = taken;
  try {
    const dir = mergeFolder(root, marker);
    if (marker.state === 'staging') {
      await undo(root, dir, marker.run, claims);
      return { run: marker.run, paths: [], outcome: 'undone', displaced: [] };
    }
    const { record } = options;
    const merged = await finish(
      root,
      dir,
      await readPlan(dir),
      claims,
      record && ((done) => record(marker.run, done)),
    );
    return { run: marker.run, outcome: 'finished', ...merged };
  } finally {
    letGo(root);
  }
}
