import { chmodSync, chownSync, statSync } from 'node:fs';
import { relative } from 'node:path';
import type { Covered } from '../private-git/covered.js';
import type { Mount } from '../sandbox/mount-table.js';
import type { Slot } from '../sandbox/slot.js';

/** How overlay mounts are made here, as the probe found out. */
export interface OverlayMode {
  /** In a user namespace (ordinary users), with marks in `user.*` extended attributes. */
  userNamespace: boolean;
  /** Renamed folders are redirected, not copied (real root only, and only where collecting can tell). */
  redirect: boolean;
}

/**
 * The overlays of a view: over every git folder outside, over the repository's top, and over root on top of that, each
 * with an upper folder of its own. Root's is made aside first, because its lower is the real root, and not what the
 * overlay around shows of it.
 */
export function overlaysOf(
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
