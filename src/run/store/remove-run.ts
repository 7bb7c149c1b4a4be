import { existsSync, readdirSync, realpathSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { unlessGone } from '../../util/errors.js';
import { assertRemovable, whyNotRemovable } from '../../util/files/provenance.js';
import { removeTree } from '../../util/files/remove-tree.js';
import { forgeFolder } from './forge-folder.js';
import { LEAVING, REMOVED, type RunFolder } from './run-folder.js';

/** A run's id, or what an older forge or a test named one. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/**
 * Removes a run with everything that it kept: in one step it is no run any more, and what a forge that is killed then
 * leaves goes with `settleRemovals`. The caller holds the root's lock, or says by `isNeeded`, asked when nobody can begin to
 * work on the run any more, whether another forge has begun to; then it is put back.
 * @returns whether it is gone
 * @throws NotOursError for anything but a real folder of ours right below the root's `.forge/runs`.
 */
export async function removeRun(folder: RunFolder, isNeeded: () => boolean = () => false): Promise<boolean> {
  const runs = runsOf(folder.root);
  const dir = join(runs, folder.id);
  // Gone: another forge cleans as well.
  if (!existsSync(dir)) return true;
  assertRemovable(dir, runs, NAME);
  await removeTree(`${dir}${REMOVED}`);
  if (!isRenamed(dir, `${dir}${LEAVING}`)) return true;
  const isKept = isNeeded();
  if (!isRenamed(`${dir}${LEAVING}`, isKept ? dir : `${dir}${REMOVED}`) || isKept) return false;
  await removeTree(`${dir}${REMOVED}`);
  return true;
}

/** Ends removals of runs that were cut short: what was certain to go goes, what was not is a run again. */
export async function settleRemovals(root: string): Promise<void> {
  if (!existsSync(join(forgeFolder(root), 'runs'))) return;
  const runs = runsOf(root);
  for (const name of readdirSync(runs)) {
    const dir = join(runs, name);
    if (whyNotRemovable(dir, runs, NAME) !== undefined) continue;
    if (name.endsWith(REMOVED)) await removeTree(dir);
    const run = dir.slice(0, -LEAVING.length);
    if (name.endsWith(LEAVING) && !existsSync(run)) isRenamed(dir, run);
  }
}

function isRenamed(from: string, to: string): boolean {
  return unlessGone(() => renameSync(from, to) ?? true) ?? false;
}

function runsOf(root: string): string {
  return join(realpathSync(forgeFolder(root)), 'runs');
}
