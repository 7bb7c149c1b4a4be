import { mkdirSync, realpathSync } from 'node:fs';
import { join, relative } from 'node:path';
import { makeMarkedFolder, whyNotOurFolder } from '../../util/files/provenance.js';
import { isWithin } from '../../util/paths/path.js';
import { stateFolders } from '../scratch/state-folder.js';
import type { Mount } from './mount-table.js';
import type { Slot } from './slot.js';

/** What is hidden inside a view, and what is shown in its place. */
export interface Hiding {
  /** The workspace's. */
  slot: Slot;
  /** The state folder in use. */
  stateFolder: string;
  /** Paths that stay what they are. */
  keep: readonly string[];
  /** A folder of the scratch that must still be seen at its own path (the copy that a task works in). */
  show?: string;
}

/**
 * Mounts that hide forge's own state from tasks: the work of others lies there. Where a state folder was, a task finds
 * an empty folder of its own, on disk and gone with its scratch, so that a forge run in a task has a place too.
 */
export function hideState({ slot, stateFolder, keep, show }: Hiding): Mount[] {
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
    if (keep.some((path) => isWithin(path, other))) continue;
    mounts.push({ type: 'bind', from: slot.emptyFolder(`state-${index + 1}`), target: other });
  }
  // Last, as it hides the scratch itself.
  return [...mounts, { type: 'bind', from: own, target: stateFolder }];
}

/** The mount that hides a folder behind an empty one: what is written there goes with the workspace. */
export function hideFolder(slot: Slot, target: string): Mount {
  return { type: 'bind', from: slot.folder('hidden'), target };
}

/** The other places that forge would use by itself and that are there, as ours. With FORGE_STATE_DIR there is only one. */
function otherStateFolders(used: string): string[] {
  if (process.env.FORGE_STATE_DIR) return [];
  const found = new Set<string>();
  for (const candidate of stateFolders()) {
    if (candidate === used) continue;
    try {
      if (whyNotOurFolder(candidate) === undefined) found.add(realpathSync(candidate));
    } catch {
      // Closed to this user, and so to tasks.
    }
  }
  return [...found].filter((folder) => !isWithin(folder, used) && !isWithin(used, folder));
}
