import { chmodSync, chownSync, linkSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Covered } from '../private-git/covered.js';
import { hideState } from '../sandbox/hidden.js';
import type { NamespaceLayout } from '../sandbox/keeper.js';
import { type Mount, readOnly } from '../sandbox/mount-table.js';
import type { Slot } from '../sandbox/slot.js';

/** How overlay mounts are made here, as the probe found out. */
export interface OverlayMode {
  /** In a user namespace (ordinary users), with marks in `user.*` extended attributes. */
  userNamespace: boolean;
  /** Renamed folders are redirected, not copied (real root only, and only where collecting can tell). */
  redirect: boolean;
}

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
  const { mounts, upper, topUpper } = overlaysOf(slot, covered, mode);
  const hiding = [...hideForge(slot, upper, root), ...hideState({ slot, stateFolder, top, show })];
  return {
    view: root,
    // Other worktrees first: the git folder, and even root, may lie in one.
    mounts: [...more, ...covered.others.map(readOnly), ...mounts, ...hiding],
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
    return [{ type: 'bind', from: slot.folder('hidden'), target: join(root, '.forge') }];
  }
}

/**
 * The overlays of a view: over every git folder outside, over the repository's top, and over root on top of that, each
 * with an upper folder of its own. Root's is made aside first, because its lower is the real root, and not what the
 * overlay around shows of it.
 */
function overlaysOf(
  slot: Slot,
  { root, top, gitFolders }: Covered,
  mode: OverlayMode,
): { mounts: Mount[]; upper: string; topUpper?: string } {
  const git = gitFolders.map((folder, index) => overlay(slot, `git${index}-`, folder, folder, mode).mount);
  if (top === root) {
    const { mount, upper } = overlay(slot, '', root, root, mode);
    return { mounts: [...git, mount], upper };
  }
  const aside = slot.folder('aside');
  const own = overlay(slot, '', root, aside, mode);
  const around = overlay(slot, 'top-', top, top, { ...mode, redirect: false });
  return {
    mounts: [...git, own.mount, around.mount, { type: 'bind', from: aside, target: root }],
    upper: own.upper,
    topUpper: around.upper,
  };
}

/**
 * Makes the folders of one overlay over `target`. All names in its options are relative to the zygote's folder, so that
 * commas, colons and spaces in paths need no quoting: the lower folder is reached by a link. `volatile` spares the fsync
 * of every copy-up; after a crash the scratch is thrown away as it is.
 */
export function overlay(
  slot: Slot,
  prefix: string,
  lower: string,
  target: string,
  mode: OverlayMode,
): { mount: Mount; upper: string } {
  const upper = slot.folder(`${prefix}upper`);
  // The merged top folder shows the upper's owner and mode.
  const stats = statSync(lower);
  if (process.getuid?.() === 0) chownSync(upper, stats.uid, stats.gid);
  chmodSync(upper, stats.mode & 0o7777);
  const marks = mode.userNamespace
    ? 'userxattr'
    : `index=off,metacopy=off,redirect_dir=${mode.redirect ? 'on' : 'nofollow'}`;
  const folders = {
    lowerdir: slot.link(`${prefix}lower`, lower),
    upperdir: upper,
    workdir: slot.folder(`${prefix}work`),
  };
  const named = Object.entries(folders).map(([name, path]) => `${name}=${relative(slot.home, path)}`);
  return { mount: { type: 'overlay', target, options: [marks, 'volatile', ...named].join(',') }, upper };
}
