import { existsSync, readdirSync, realpathSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { assertRemovable, whyNotRemovable } from '../util/provenance.js';
import { removeTree } from '../util/remove-tree.js';
import { forgeFolder } from './forge-folder.js';
import { REMOVED, type RunFolder } from './run-folder.js';

/** A run's id, or what an older forge or a test named one. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/**
 * Removes a run with everything that it kept: in one step it is no run any more, and what a forge that is killed then
 * leaves goes with `removeRemainsOfRuns`. The caller holds the root's lock, or says by `isNeeded`, asked once more after that
 * step, whether another forge has begun to work on it; then it is put back.
 *
 * @returns whether it is removed
 * @throws NotOursError for anything but a real folder of ours right below the root's `.forge/runs`.
 */
export async function removeRun(folder: RunFolder, isNeeded: () => boolean = () => false): Promise<boolean> {
  const runs = runsOf(folder.root);
  const dir = join(runs, folder.id);
  assertRemovable(dir, runs, NAME);
  const removed = `${dir}${REMOVED}`;
  await removeTree(removed);
  renameSync(dir, removed);
  if (isNeeded()) {
    renameSync(removed, dir);
    return false;
  }
  await removeTree(removed);
  return true;
}

/** Removes what is left of runs whose removal was cut short. */
export async function removeRemainsOfRuns(root: string): Promise<void> {
  if (!existsSync(join(forgeFolder(root), 'runs'))) return;
  const runs = runsOf(root);
  for (const name of readdirSync(runs)) {
    const dir = join(runs, name);
    if (name.endsWith(REMOVED) && whyNotRemovable(dir, runs, NAME) === undefined) await removeTree(dir);
  }
}

function runsOf(root: string): string {
  return join(realpathSync(forgeFolder(root)), 'runs');
}
