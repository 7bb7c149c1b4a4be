import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { syncPath, writeFileDurably } from '../../journal/index.js';
import { eachBounded } from '../../util/async/each-bounded.js';
import { mayBeCommitted } from '../../util/async/merging.js';
import { codeOf } from '../../util/errors/system-error.js';
import { isSame, lookInside } from '../base/seen.js';
import { FINISHES_LATER, mergeFailure, NOTHING_TOUCHED, TreeChangedError } from '../merge-error.js';
import type { ResolvedEntry } from '../resolve/entry.js';
import { announce, type CommitRecord, commit, conclude, mergeFolder } from './commit-record.js';
import { freeName } from './displace.js';
import { fault } from './fault.js';
import { finish, type Merged, type Recorder, undo } from './finish.js';
import type { MergePlan, RefUpdate } from './merge-plan.js';
import { preflight } from './preflight.js';
import { stage } from './stage.js';

/**
 * Writes resolved entries into the working tree, all or none: stages and syncs everything in a folder of its own in the
 * run's folder, makes the commit point durable, then puts it in place (see `perform`). Up to the commit point a failure
 * or a crash leaves the tree untouched; after it `recoverMerge` finishes the job. What was replaced stays in
 * `merge/old` there. `after` moves a ref as the last step, `record` is called just before the end.
 *
 * @throws MergeError (the tree is untouched), HalfWrittenError (past the commit point).
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
  const dir = await freeName(mergeFolder(root, { run: runId, dir: 'merge' }));
  let announced: CommitRecord;
  let committing = false;
  try {
    await mkdir(dir);
    announced = await announce(root, runId, basename(dir));
  } catch (error) {
    throw mergeFailure('start a merge in', root, error, NOTHING_TOUCHED);
  }
  const plan: MergePlan = {
    v: 1,
    run: runId,
    writes: [],
    keepsPlaced: true,
    ...(after === undefined ? {} : { after }),
  };
  try {
    const places = await preflight(root, writes, dir);
    plan.writes = await stage({ root, dir, run: runId, writes, places, note: options.note });
    fault('merge-staged');
    const text = JSON.stringify(plan);
    await writeFileDurably(`${dir}/plan.json`, text);
    // The plan must be findable after a power failure: every folder on the way to it.
    for (let folder = dir; folder !== root && folder !== dirname(folder); folder = dirname(folder))
      await syncPath(folder);
    fault('merge-planned');
    await options.lastCheck?.();
    await checkUnchanged(root, writes);
    committing = true;
    await commit(root, announced, createHash('sha256').update(text).digest('hex'));
  } catch (error) {
    await giveUp(root, dir, runId, committing);
    // A record that could not be taken back will be carried out by the next forge command.
    const state = committing && mayBeCommitted(root) ? FINISHES_LATER : NOTHING_TOUCHED;
    throw mergeFailure('prepare the merge in', root, error, state);
  }
  fault('merge-committed');
  return await finish(root, { dir, plan, staged: true }, record);
}

/** The last look before the commit point. */
async function checkUnchanged(root: string, writes: readonly ResolvedEntry[]): Promise<void> {
  const changed: string[] = [];
  const look = lookInside(root);
  await eachBounded(writes, async ({ path, expected }) => {
    if (!isSame(expected, await look(path))) changed.push(path);
  });
  if (changed.length > 0) throw new TreeChangedError(changed.sort());
}

/** Removes what was staged. A failure of that is left to the next forge command: what led here matters more. */
async function giveUp(root: string, dir: string, run: string, committing: boolean): Promise<void> {
  try {
    // The record may already say "committed": it goes first, or a crash right here would finish a merge without its files.
    if (committing) await conclude(root);
    await undo(root, dir, run);
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
  }
}
