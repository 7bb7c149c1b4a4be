import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncPath, writeFileDurably } from '../journal/index.js';
import { eachBounded } from './bounded.js';
import { freeName } from './displace.js';
import type { ResolvedEntry } from './entry.js';
import { fault } from './fault.js';
import { finish, type Merged, type Recorder, undo } from './finish.js';
import { announce, commit, conclude, letGo, type Marker } from './marker.js';
import { codeOf, explain, NOTHING_TOUCHED, TreeChangedError } from './merge-error.js';
import type { MergePlan, RefUpdate } from './merge-plan.js';
import { preflight } from './preflight.js';
import { isSame, lookInside } from './seen.js';
import { stage } from './stage.js';

/**
 * Writes resolved entries into the working tree, all or none: stages and syncs everything in a folder of its own below
 * `runDir`, makes the commit point durable, then puts it in place (see `perform`). Up to the commit point a failure
 * or a crash leaves the tree untouched; after it `recoverMerge` finishes the job. What was replaced stays in
 * `<runDir>/merge/old`. `after` moves a ref as the last step, `record` is called just before the end. Throws a MergeError that says which of the two it was.
 */
export async function writeMerge(options: {
  root: string;
  runDir: string;
  runId: string;
  writes: readonly ResolvedEntry[];
  after?: RefUpdate;
  record?: Recorder;
  /** Told what could not be kept, in one sentence each. */
  note?: (text: string) => void;
  /** Called right before the commit point; what it throws stops the merge, and nothing was touched. */
  lastCheck?: () => Promise<void>;
}): Promise<Merged> {
  const { root, runDir, runId, writes, after, record } = options;
  if (writes.length === 0 && after === undefined) {
    const nothing: Merged = { paths: [], displaced: [] };
    await record?.(nothing);
    return nothing;
  }
  // An earlier merge of this run keeps what it replaced.
  const dir = await freeName(`${runDir}/merge`);
  let marker: Marker;
  let committing = false;
  try {
    await mkdir(`${root}/.forge`, { recursive: true });
    marker = await announce(root, runId, dir);
  } catch (error) {
    throw explain('start a merge in', root, error, NOTHING_TOUCHED);
  }
  try {
    const plan: MergePlan = { v: 1, run: runId, writes: [], ...(after === undefined ? {} : { after }) };
    try {
      await mkdir(dir, { recursive: true });
      const places = await preflight(root, writes, dir);
      plan.writes = await stage({ root, dir, run: runId, writes, places, note: options.note });
      fault('merge-staged');
      await writeFileDurably(`${dir}/plan.json`, JSON.stringify(plan));
      // The plan must be findable after a power failure: every folder on the way to it.
      for (let folder = dir; folder !== root && folder !== dirname(folder); folder = dirname(folder))
        await syncPath(folder);
      fault('merge-planned');
      await options.lastCheck?.();
      await checkUnchanged(root, writes);
      committing = true;
      await commit(root, marker);
    } catch (error) {
      await giveUp(root, dir, runId, committing);
      throw explain('prepare the merge in', root, error, NOTHING_TOUCHED);
    }
    fault('merge-committed');
    return await finish(root, dir, plan, [], record);
  } finally {
    letGo(root);
  }
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
    // The marker may already say "committed": it goes first, or a crash right here would finish a merge without its files.
    if (committing) await conclude(root);
    await undo(root, dir, run, []);
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
  }
}
