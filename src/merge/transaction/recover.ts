import { lstatOrNull } from '../../util/files/file-state.js';
import { mayBeMerging } from '../../util/files/merge-record.js';
import { believeFolder, believePlan, refuseLiving } from './believe.js';
import { clear, mergeFolder, readCommitRecord } from './commit-record.js';
import { complete, type Merged, rollBack } from './complete.js';

/** What became of a merge that was interrupted. `undone`: it had not passed its commit point, so the tree was never touched. */
export interface Recovered extends Merged {
  run: string;
  outcome: 'finished' | 'undone';
}

/** @throws MergeError for a record that can't be believed: nothing at all is to be touched then. */
export async function assertBelieved(root: string): Promise<void> {
  const record = await readCommitRecord(root);
  if (record !== null) await believeFolder(root, record);
}

/** How far recovering goes: `finish` touches only a merge that is past its commit point, as a command that only looks may. */
export type RecoverHow = 'finish' | 'finish or undo';

/**
 * Finishes (or undoes) a merge that was cut short; null where there is none. The caller holds the lock of the root.
 * `record` is called with a merge that is finished just before its end.
 * @throws MergeError for a record that is not believed (see believe), HalfWrittenError where finishing fails
 */
export async function recoverMerge(
  root: string,
  options: { how?: RecoverHow; record?: (run: string, merged: Merged) => Promise<void> } = {},
): Promise<Recovered | null> {
  const record = mayBeMerging(root) ? await readCommitRecord(root) : null;
  if (record === null || (record.state === 'staging' && options.how === 'finish')) return null;
  const { run, state } = record;
  const undone: Recovered = { run, outcome: 'undone', paths: [], displaced: [] };
  if (state === 'staging' && lstatOrNull(mergeFolder(root, record)) === null) {
    // Killed after its folder was removed: nothing else was left of it.
    await clear(root);
    return undone;
  }
  const dir = await believeFolder(root, record);
  refuseLiving(record);
  if (state === 'staging') {
    await rollBack({ root, dir, run });
    return undone;
  }
  const { job, isStaged } = await believePlan(root, dir, record);
  const merged = await complete(job, isStaged, async (done) => options.record?.(run, done));
  return { run, outcome: 'finished', ...merged };
}
