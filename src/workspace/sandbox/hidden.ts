import { mkdirSync, realpathSync } from 'node:fs';
import { join, relative } from 'node:path';
import { unlessOutOfReach } from '../../util/errors.js';
import { makeMarkedFolder, whyNotOurFolder } from '../../util/files/provenance.js';
import { isWithin } from '../../util/paths/path.js';
import { stateFolders } from '../scratch/state-folder.js';
import type { Mount } from './mount-table.js';
import type { Slot } from './slot.js';

/**
 * Mounts that hide forge's own state from tasks: the work of others lies there. Where a state folder was, a task finds
 * an empty folder of its own, on disk and gone with its scratch, so that a forge run in a task has a place too.
 */
export function hideState(options: {
  /** The workspace's. */
  slot: Slot;
  /** The state folder in use. */
  stateFolder: string;
  /** Stays what it is. */
  top: string;
  /** A folder of the scratch that must still be seen at its own path (the copy that a task works in). */
  show?: string;
}): Mount[] {
  const { slot, stateFolder, top, show } = options;
  const mounts: Mount[] = [];
  const own = show === undefined ? slot.emptyFolder('state') : slot.folder('state');
  if (show !== undefined) {
    // A forge inside the task takes an empty folder for its own; one with something in it needs forge's mark.
    makeMarkedFolder(own);
    const place = join(own, relative(stateFolder, show));
    mkdirSync(place, { recursive: true });
    mounts.push({ type: 'bind', from: show, target: place });
  }
  for (const [index, other] of otherStateFolders(stateFolder).entries()) {
    if (isWithin(top, other)) continue;
    mounts.push({ type: 'bind', from: slot.emptyFolder(`state-${index + 1}`), target: other });
  }
  // Last, as it hides the scratch itself.
  return [...mounts, { type: 'bind', from: own, target: stateFolder }];
}

/** The other places that forge would use by itself and that are there, as ours. With FORGE_STATE_DIR there is only one. */
function otherStateFolders(used: string): string[] {
  if (process.env.FORGE_STATE_DIR) return [];
  const found = stateFolders().map((candidate) =>
    // What is closed to this user is closed to tasks, too.
    unlessOutOfReach(() => (whyNotOurFolder(candidate) === undefined ? realpathSync(candidate) : undefined)),
  );
  return [...new Set(found)].filter(
    (folder): folder is string => folder !== undefined && !isWithin(folder, used) && !isWithin(used, folder),
  );
}
