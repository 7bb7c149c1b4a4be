import { readdir, rename } from 'node:fs/promises';
import { codeOf } from '../../util/errors.js';
import { syncPath, writeFileDurably } from '../../util/files/content.js';
import { isSameMoved, lstatOrNull } from '../../util/files/file-state.js';
import { readOurFile, whyNotOurFile } from '../../util/files/provenance.js';
import { removeTree } from '../../util/files/remove-tree.js';
import { moveRef } from '../commit/ref-update.js';
import { FINISHES_LATER, HalfWrittenError, mergeFailure } from '../merge-error.js';
import type { MergeFolder, MergeJob, PlannedWrite } from '../merge-plan.js';
import { clear } from './commit-record.js';
import { fault } from './fault.js';
import { rollForward } from './roll-forward.js';
import { isStagingPlace, unstage } from './stage.js';

/** What a finished merge did. */
export interface Merged {
  paths: string[];
  /** Versions of the user's that the merge moved aside, saved in the very moment of merging or after a crash; `kept` is where each is (absolute). */
  displaced: { path: string; kept: string }[];
  /** `--commit`: why the branch was not moved (it had moved meanwhile); the working tree is merged all the same. */
  refused?: string;
}

/**
 * Told what a merge did before its record goes, to journal it durably: a crash before that is followed by finishing
 * the merge (and telling) once more, so that a merge that is over is always known to be.
 */
export type Recorder = (merged: Merged) => Promise<void>;

/**
 * Everything after the commit point; also what finishes an interrupted merge. Can be repeated. `isStaged` is false when
 * an earlier attempt had everything in place: then only the tidying is left, and what is in the tree is the user's.
 * @throws HalfWrittenError
 */
export async function complete(job: MergeJob, isStaged: boolean, recorder?: Recorder): Promise<Merged> {
  const { root, dir, plan } = job;
  try {
    const refused = isStaged ? await putInPlace(job) : refusedBefore(dir);
    const displaced = await findDisplaced(job);
    await unstage(job, plan.writes);
    fault('merge-unstaged');
    const merged: Merged = { paths: plan.writes.map((write) => write.path), displaced, refused };
    await recorder?.(merged);
    fault('merge-recorded');
    await clear(root);
    fault('merge-done');
    return merged;
  } catch (error) {
    const explained = mergeFailure('finish the merge in', root, error, FINISHES_LATER);
    throw explained instanceof HalfWrittenError
      ? explained
      : new HalfWrittenError(`${explained.message} ${FINISHES_LATER}`, { cause: error });
  }
}

/** Gives why the branch was not moved, where one was to be. */
async function putInPlace(job: MergeJob): Promise<string | undefined> {
  const { root, dir, plan } = job;
  await rollForward(job);
  await syncPath(`${dir}/old`);
  fault('merge-synced');
  const refused = plan.after && (await moveRef(root, plan.after));
  fault('merge-ref');
  // Told again by whoever goes on from here.
  if (refused !== undefined) await writeFileDurably(`${dir}/${REFUSED}`, refused);
  // In one step: what is staged is there as a whole, or everything is in place.
  await rename(`${dir}/new`, `${dir}/placed`);
  await syncPath(dir);
  return refused;
}

/** Why the branch was not moved, in the merge folder. */
const REFUSED = 'branch-not-moved';

function refusedBefore(dir: string): string | undefined {
  const file = `${dir}/${REFUSED}`;
  return whyNotOurFile(file) === undefined ? readOurFile(file) : undefined;
}

/** Takes back a merge that is not committed: what was staged, and the record. The merge folder is known to be forge's. */
export async function rollBack(merge: MergeFolder): Promise<void> {
  await unstage(merge, stagedBeside(merge.dir));
  await removeTree(merge.dir);
  await clear(merge.root);
}

/** The writes whose files were staged beside their targets, as far as their record can be read. */
function stagedBeside(dir: string): PlannedWrite[] {
  try {
    const listed: unknown = JSON.parse(readOurFile(`${dir}/beside.json`));
    const isWrite = (write: PlannedWrite | null) =>
      typeof write === 'object' && Number.isInteger(write?.n) && isStagingPlace(write?.beside);
    return Array.isArray(listed) ? listed.filter(isWrite) : [];
  } catch (error) {
    // Not written yet, or never needed; or torn, and then nothing was staged after it.
    if (codeOf(error) === 'ENOENT' || error instanceof SyntaxError) return [];
    throw error;
  }
}

/** What was moved aside but is not what the merge had compared with. */
async function findDisplaced({ dir, plan }: MergeJob): Promise<Merged['displaced']> {
  const found: Merged['displaced'] = [];
  for (const name of (await readdir(`${dir}/old`)).sort()) {
    const kept = `${dir}/old/${name}`;
    const write = plan.writes[Number.parseInt(name, 10)];
    const state = lstatOrNull(kept);
    if (name.includes('.same') || state === null || write === undefined) continue;
    if (name.includes('.folder') || !isSameMoved(write.expected, state))
      found.push({ path: write.path, kept });
  }
  return found;
}
