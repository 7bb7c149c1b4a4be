import { lstat, readdir, readFile, rm } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { syncPath } from '../journal/index.js';
import { fault } from './fault.js';
import { conclude, type Marker } from './marker.js';
import { codeOf, explain, FINISHES_LATER, MergeError } from './merge-error.js';
import type { MergePlan, PlannedWrite } from './merge-plan.js';
import { perform } from './perform.js';
import { moveRef } from './ref-update.js';
import { isSameMoved, look } from './seen.js';
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

/** The absolute merge folder of a marker. */
export function mergeFolder(root: string, marker: Marker): string {
  return isAbsolute(marker.dir) ? marker.dir : `${root}/${marker.dir}`;
}

/**
 * Told what a merge did before its marker goes, to record it durably: a crash before the record is followed by finishing
 * the merge (and recording) once more, so that a merge that is over is always known to be.
 */
export type Recorder = (merged: Merged) => Promise<void>;

/** Everything after the commit point; also what finishes an interrupted merge. Can be repeated. Throws a MergeError. */
export async function finish(
  root: string,
  dir: string,
  plan: MergePlan,
  claims: string[],
  record?: Recorder,
): Promise<Merged> {
  try {
    await perform({ root, dir, plan });
    await syncPath(`${dir}/old`);
    fault('merge-synced');
    const refused = plan.after && (await moveRef(root, plan.after));
    fault('merge-ref');
    const displaced = await findDisplaced(dir, plan.writes);
    const beside = plan.writes.filter((write) => write.beside !== undefined);
    await unstage(root, dir, plan.run, beside);
    fault('merge-unstaged');
    const merged: Merged = {
      paths: plan.writes.map((write) => write.path),
      displaced,
      ...(refused === undefined ? {} : { refused }),
    };
    await record?.(merged);
    fault('merge-recorded');
    await conclude(root, claims);
    fault('merge-done');
    return merged;
  } catch (error) {
    throw explain('finish the merge in', root, error, FINISHES_LATER);
  }
}

/** Removes what was staged before the commit point, and the marker. */
export async function undo(root: string, dir: string, run: string, claims: string[]): Promise<void> {
  let beside: PlannedWrite[] = [];
  try {
    beside = JSON.parse(await readFile(`${dir}/beside.json`, 'utf8')) as PlannedWrite[];
  } catch (error) {
    // Not written yet, or never needed.
    if (codeOf(error) !== 'ENOENT') throw error;
  }
  await unstage(root, dir, run, beside);
  await rm(dir, { recursive: true, force: true });
  await conclude(root, claims);
}

/** Reads the plan of an interrupted merge. */
export async function readPlan(dir: string): Promise<MergePlan> {
  try {
    return JSON.parse(await readFile(`${dir}/plan.json`, 'utf8')) as MergePlan;
  } catch (error) {
    throw new MergeError(
      `An interrupted merge can't be finished: ${dir}/plan.json is missing or damaged. What it replaced so far is in ${dir}/old; look there, then remove .forge/merging.`,
      { cause: error },
    );
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

/** Device of a folder. */
export async function deviceOf(path: string): Promise<number> {
  return (await lstat(path)).dev;
}
