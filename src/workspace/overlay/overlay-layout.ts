import { linkSync } from 'node:fs';
import { join } from 'node:path';
import type { Covered } from '../private-git/covered.js';
import { hideFolder, hideState } from '../sandbox/hidden.js';
import type { NamespaceLayout } from '../sandbox/keeper.js';
import type { Mount } from '../sandbox/mount-table.js';
import type { Slot } from '../sandbox/slot.js';
import { type OverlayMode, overlaysOf } from './overlay-mounts.js';

/** The namespace of a workspace on overlay, and the upper folders of root and of the repository around it. */
export interface OverlayLayout extends NamespaceLayout {
  extraEnv?: Record<string, string>;
  upper: string;
  topUpper?: string;
}

/** The overlays of the view (and `more` before them), and forge's own state hidden but for `show`. */
export function overlayLayout(
  slot: Slot,
  stateFolder: string,
  covered: Covered,
  mode: OverlayMode,
  more: readonly Mount[] = [],
  show?: string,
): OverlayLayout {
  const { root, top } = covered;
  // First: the git folder, and even root, may lie in another worktree.
  const others = covered.others.map((target): Mount => ({ type: 'read-only', target }));
  const { mounts, upper, topUpper } = overlaysOf(slot, covered, mode);
  const hiding = [...hideForge(slot, upper, root), ...hideState({ slot, stateFolder, keep: [top], show })];
  return {
    view: root,
    mounts: [...more, ...others, ...mounts, ...hiding],
    // git looks for its folder no further than the file system of the current one, and the view is one of its own.
    ...(top !== root && { extraEnv: { GIT_DISCOVERY_ACROSS_FILESYSTEM: '1' } }),
    upper,
    topUpper,
  };
}

/**
 * Hides root's `.forge` by a whiteout in the upper folder: not by a mount where that can be helped, as a task may remove
 * or make a `.forge`, as git clean does. It is the zygote's one by another name, as the kernel does it with its own.
 */
function hideForge(slot: Slot, upper: string, root: string): Mount[] {
  try {
    linkSync(join(slot.home, 'whiteout'), join(upper, '.forge'));
    return [];
  } catch {
    // The kernel refused to make one (ordinary users before Linux 5.8), or a file has as many names as it can have.
    return [hideFolder(slot, join(root, '.forge'))];
  }
}
