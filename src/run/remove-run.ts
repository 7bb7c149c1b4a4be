import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { assertRemovable } from '../util/provenance.js';
import { removeTree } from '../util/remove-tree.js';
import { forgeFolder } from './forge-folder.js';
import type { RunFolder } from './run-folder.js';

/** A run's id, or what an older forge or a test named one. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/**
 * Removes a run with everything that it kept. The caller holds the root's lock, or has made sure that the run is not under way.
 *
 * @throws NotOursError for anything but a real folder of ours right below the root's `.forge/runs`.
 */
export async function removeRun(folder: RunFolder): Promise<void> {
  const runs = join(realpathSync(forgeFolder(folder.root)), 'runs');
  assertRemovable(join(runs, folder.id), runs, NAME);
  await removeTree(folder.dir);
}
