import { join } from 'node:path';
import type { Covered } from '../private-git/covered.js';
import { hideFolder, hideState } from '../sandbox/hidden.js';
import type { NamespaceLayout } from '../sandbox/keeper.js';
import type { Mount } from '../sandbox/mount-table.js';
import { type OverlayMode, overlayMounts, UPPER } from './overlay-mounts.js';

/** The namespace of a workspace on overlay: the overlays of the view (and `more` before them), and forge's own state hidden but for `show`. */
export function overlayLayout(
  scratch: string,
  stateFolder: string,
  covered: Covered,
  mode: OverlayMode,
  more: readonly Mount[] = [],
  show?: string,
): NamespaceLayout & { extraEnv?: Record<string, string> } {
  const { root, top } = covered;
  // First: the git folder, and even root, may lie in another worktree.
  const others = covered.others.map((target): Mount => ({ type: 'read-only', target }));
  const overlays = [...more, ...others, ...overlayMounts(scratch, covered, mode)];
  const state = hideState({ scratch, stateFolder, keep: [top], show });
  const forge = hideFolder(scratch, join(root, '.forge'));
  return {
    cwd: scratch,
    view: root,
    userNamespace: mode.userNamespace,
    mounts: [...overlays, ...state],
    // Not a mount where that can be helped: a task may remove or make a .forge, as git clean does.
    whiteout: { path: join(UPPER, '.forge'), otherwise: [...overlays, forge, ...state] },
    // git looks for its folder no further than the file system of the current one, and the view is one of its own.
    ...(top !== root && { extraEnv: { GIT_DISCOVERY_ACROSS_FILESYSTEM: '1' } }),
  };
}
