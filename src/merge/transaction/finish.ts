import { readdir, readFile, rename } from 'node:fs/promises';
import { syncPath, writeFileDurably } from '../../journal/index.js';
import { codeOf } from '../../util/errors/system-error.js';
import { readOurFile, whyNotOurFile } from '../../util/files/provenance.js';
import { removeTree } from '../../util/files/remove-tree.js';
import { isSameMoved, look } from '../base/seen.js';
import { moveRef } from '../commit/ref-update.js';
import { FINISHES_LATER, HalfWrittenError, mergeFailure } from '../merge-error.js';
import { isStagingPlace } from './believe.js';
import { conclude } from './commit-record.js';
import { fault } from './fault.js';
import type { MergePlan, PlannedWrite } from './merge-plan.js';
import { perform } from './perform.js';
import { unstage } from './stage.js';

/** A version of the user's that the merge moved aside: saved in the very moment of merging, or after a crash. */
export interface Displaced {
  path: string;
  /** Absolute path of where it is kept. */
  kept: string;
}

/** What a finished merge did. */
export interface Merged {
  paths: string[];
  displaced: Displaced[];
  /** `--commit`: why the branch was not moved (it had moved meanwhile); the working tree is merged all the same. */
  refused?: string;
}

/**
 * Told what a merge did before its record goes, to journal it durably: a crash before that is followed by finishing
 * the merge (and telling) once more, so that a merge that is over is always known to be.
 */
export type Recorder = (merged: Merged) => Promise<void>;

/**
 * Everything after the commit point; also what finishes an interrupted merge. Can be repeated. `staged` is false when
 * an earlier attempt had everything in place: then only the tidying is left, and what is in the tree is the user's.
 *
 * @throws HalfWrittenError
 */
export async function finish(
  root: string,
  { dir, plan, staged }: { dir: string; plan: MergePlan; staged: boolean },
  recorder?: Recorder,
): Promise<Merged> {
  try {
    let refused = staged ? undefined : await refusedBefore(dir);
    if (staged) {
      await perform({ root, dir, plan });
      await syncPath(`${dir}/old`);
      fault('merge-synced');
      refused = plan.after && (await moveRef(root, plan.after));
      fault('merge-ref');
      // Told again by whoever goes on from here.
      if (refused !== undefined) await writeFileDurably(`${dir}/${REFUSED}`, refused);
      // In one step: what is staged is there as a whole, or everything is in place.
      await rename(`${dir}/new`, `${dir}/placed`);
      await syncPath(dir);
    }
    const displaced = await findDisplaced(dir, plan.writes);
    await unstage(
      root,
      dir,
      plan.run,
      plan.writes.filter((write) => write.beside !== undefined),
    );
    fault('merge-unstaged');
    const merged: Merged = {
      paths: plan.writes.map((write) => write.path),
      displaced,
      ...(refused === undefined ? {} : { refused }),
    };
    await recorder?.(merged);
    fault('merge-recorded');
    await conclude(root);
    fault('merge-done');
    return merged;
  } catch (error) {
    const explained = mergeFailure('finish the merge in', root, error, FINISHES_LATER);
    throw explained instanceof HalfWrittenError
      ? explained
      : new HalfWrittenError(`${explained.message} ${FINISHES_LATER}`, { cause: error });
  }
}

/** Why the branch was not moved, in the merge folder. */
const REFUSED = 'branch-not-moved';

async function refusedBefore(dir: string): Promise<string | undefined> {
  const file = `${dir}/${REFUSED}`;
  return whyNotOurFile(file) === undefined ? await readFile(file, 'utf8') : undefined;
}

/** Removes what was staged before the commit point, and the record. `dir` is a merge folder that is known to be forge's. */
export async function undo(root: string, dir: string, run: string): Promise<void> {
  await unstage(root, dir, run, await stagedBeside(dir));
  await removeTree(dir);
  await conclude(root);
}

/** The writes whose files were staged beside their targets, as far as their record can be read. */
async function stagedBeside(dir: string): Promise<PlannedWrite[]> {
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

/** Finds what was moved aside but is not what the merge had compared with. */
async function findDisplaced(dir: string, writes: readonly PlannedWrite[]): Promise<Displaced[]> {
  const found: Displaced[] = [];
  for (const name of (await readdir(`${dir}/old`)).sort()) {
    const kept = `${dir}/old/${name}`;
    const write = writes[Number.parseInt(name, 10)];
    const seen = await look(kept);
    if (name.includes('.same') || seen === null) continue;
    if (write === undefined) continue;
    const foreign = name.includes('.folder') || !isSameMoved(write.expected, seen);
    if (foreign) found.push({ path: write.path, kept });
  }
  return found;
}
