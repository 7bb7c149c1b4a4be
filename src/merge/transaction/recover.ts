import { lstatSync } from 'node:fs';
import { mayBeMerging } from '../../util/async/merging.js';
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

/** @throws MergeError for a record that can't be believed: nothing at all is to be touched then. */
export async function assertBelieved(root: string): Promise<void> {
  const { readCommitRecord } = await import('./commit-record.js');
  const record = await readCommitRecord(root);
  if (record === null) return;
  const { believeFolder } = await import('./believe.js');
  await believeFolder(root, record);
}

/** How far recovering goes: `finish` touches only a merge that is past its commit point, as a command that only looks may. */
export type RecoverHow = 'finish' | 'finish or undo';

/**
 * Finishes (or undoes) a merge that was cut short. The caller holds the lock of the root. Costs one lstat when there is
 * nothing, so this file imports nothing heavy. `record` is called with a merge that is finished just before its end.
 *
 * @throws MergeError for a record that is not believed (see believe), HalfWrittenError where finishing fails.
 */
export async function recoverMerge(
  root: string,
  options: { how?: RecoverHow; record?: (run: string, merged: Merged) => Promise<void> } = {},
): Promise<Recovered | null> {
  if (!mayBeMerging(root)) return null;
  const { conclude, mergeFolder, readCommitRecord } = await import('./commit-record.js');
  const record = await readCommitRecord(root);
  if (record === null) return null;
  if (record.state === 'staging' && options.how === 'finish') return null;
  const { believeFolder, believePlan, refuseLiving } = await import('./believe.js');
  const { finish, undo } = await import('./finish.js');
  if (record.state === 'staging' && isGone(mergeFolder(root, record))) {
    // Killed after its folder was removed: nothing else was left of it.
    await conclude(root);
    return { run: record.run, paths: [], outcome: 'undone', displaced: [] };
  }
  const dir = await believeFolder(root, record);
  refuseLiving(record);
  if (record.state === 'staging') {
    await undo(root, dir, record.run);
    return { run: record.run, paths: [], outcome: 'undone', displaced: [] };
  }
  const merged = await finish(
    root,
    await believePlan(root, dir, record),
    options.record && ((done) => options.record!(record.run, done)),
  );
  return { run: record.run, outcome: 'finished', ...merged };
}

function isGone(folder: string): boolean {
  return lstatSync(folder, { throwIfNoEntry: false }) === undefined;
}
