import { mkdir } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { codeOf } from '../../util/errors.js';
import { hashBytes, syncPath, writeFileDurably } from '../../util/files/content.js';
import { isUnchanged, TreeReader } from '../../util/files/file-state.js';
import { mayBeCommitted } from '../../util/files/merge-record.js';
import {
  explaining,
  FINISHES_LATER,
  mergeFailure,
  NOTHING_TOUCHED,
  TreeChangedError,
} from '../merge-error.js';
import type { MergeFolder, MergeJob, MergePlan, RefUpdate, ResolvedEntry } from '../merge-plan.js';
import { checkWritable } from './check-writable.js';
import { begin, clear, commit, mergeFolder } from './commit-record.js';
import { complete, type Merged, type Recorder, rollBack } from './complete.js';
import { fault } from './fault.js';
import { freeName } from './folder.js';
import { stage } from './stage.js';

/**
 * Writes resolved entries into the working tree, all or none: stages and syncs everything in a folder of its own in the
 * run's folder, makes the commit point durable, then puts it in place (see `rollForward`). Up to the commit point a
 * failure or a crash leaves the tree untouched; after it `recoverMerge` finishes the job. What was replaced stays in
 * `merge/old` there. `after` moves a ref as the last step, `record` is called just before the end.
 * @throws MergeError (the tree is untouched), HalfWrittenError (past the commit point)
 */
export async function writeMerge(options: {
  root: string;
  runId: string;
  writes: readonly ResolvedEntry[];
  after?: RefUpdate;
  record?: Recorder;
  /** Told what could not be kept, in one sentence each. */
  note?: (text: string) => void;
  /** Called right before the commit point; what it throws stops the merge, and nothing was touched. */
  lastCheck?: () => Promise<void>;
}): Promise<Merged> {
  const { root, runId, writes, after, record } = options;
  if (writes.length === 0 && after === undefined) {
    const nothing: Merged = { paths: [], displaced: [] };
    await record?.(nothing);
    return nothing;
  }
  // An earlier merge of this run keeps what it replaced.
  const dir = freeName(mergeFolder(root, { run: runId, dir: 'merge' }));
  const begun = await explaining('start a merge in', root, NOTHING_TOUCHED, async () => {
    await mkdir(dir);
    return begin(root, runId, basename(dir));
  });
  const plan: MergePlan = { v: 1, run: runId, writes: [], keepsPlaced: true, after };
  const job: MergeJob = { root, run: runId, dir, plan };
  let isCommitting = false;
  try {
    plan.writes = await stage(job, writes, await checkWritable(root, writes, dir), options.note);
    fault('merge-staged');
    const text = JSON.stringify(plan);
    await writeFileDurably(`${dir}/plan.json`, text);
    // The plan must be findable after a power failure: every folder on the way to it.
    for (let folder = dir; folder !== root && folder !== dirname(folder); folder = dirname(folder))
      await syncPath(folder);
    fault('merge-planned');
    await options.lastCheck?.();
    checkUnchanged(root, writes);
    isCommitting = true;
    await commit(root, begun, hashBytes(text));
  } catch (error) {
    await giveUp(job, isCommitting);
    // A record that could not be taken back will be carried out by the next forge command.
    const state = isCommitting && mayBeCommitted(root) ? FINISHES_LATER : NOTHING_TOUCHED;
    throw mergeFailure('prepare the merge in', root, error, state);
  }
  fault('merge-committed');
  return await complete(job, true, record);
}

/** The last look before the commit point. @throws TreeChangedError */
function checkUnchanged(root: string, writes: readonly ResolvedEntry[]): void {
  const tree = new TreeReader(root);
  const changed = writes.filter(({ path, expected }) => !isUnchanged(expected, tree.lstatNoFollow(path)));
  if (changed.length > 0) throw new TreeChangedError(changed.map(({ path }) => path).sort());
}

/** Removes what was staged. A failure of that is left to the next forge command: what led here matters more. */
async function giveUp(merge: MergeFolder, isCommitting: boolean): Promise<void> {
  try {
    // The record may already say "committed": it goes first, or a crash right here would finish a merge without its files.
    if (isCommitting) await clear(merge.root);
    await rollBack(merge);
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
  }
}
