import { chmodSync, chownSync, mkdirSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Covered } from '../private-git/covered.js';
import type { Mount } from '../sandbox/mount-table.js';

/** How overlay mounts are made here, as the probe found out. */
export interface OverlayMode {
  /** In a user namespace (ordinary users), with marks in `user.*` extended attributes. */
  userNamespace: boolean;
  /** Renamed folders are redirected, not copied (real root only, and only where collecting can tell). */
  redirect: boolean;
}

/** The upper folder (in the scratch) of the overlay over root, and of the one over the repository around it. */
export const UPPER = 'upper';
export const TOP_UPPER = 'top-upper';

/**
 * The overlays of a view: over every git folder outside, over the repository's top, and over root on top of that, each
 * with an upper folder of its own. Root's is made aside first, because its lower is the real root, and not what the
 * overlay around shows of it.
 */
export function overlayMounts(scratch: string, covered: Covered, mode: OverlayMode): Mount[] {
  const { root, top, gitFolders } = covered;
  const git = gitFolders.map((folder, index) => overlayMount(scratch, `git${index}-`, folder, folder, mode));
  if (top === root) return [...git, overlayMount(scratch, '', root, root, mode)];
  const aside = join(scratch, 'aside');
  mkdirSync(aside);
  return [
    ...git,
    overlayMount(scratch, '', root, aside, mode),
    overlayMount(scratch, 'top-', top, top, { ...mode, redirect: false }),
    { type: 'bind', from: aside, target: root },
  ];
}

/**
 * Makes the folders of one overlay over `target` in `scratch` and gives the mount. All names in its options are
 * relative to `scratch`, so that commas, colons and spaces in paths need no quoting: the lower folder is reached by
 * a link. `volatile` spares the fsync of every copy-up; after a crash the scratch is thrown away as it is.
 */
export function overlayMount(
  scratch: string,
  prefix: string,
  lower: string,
  target: string,
  mode: OverlayMode,
): Mount {
  const upper = join(scratch, `${prefix}${UPPER}`);
  mkdirSync(upper);
  mkdirSync(join(scratch, `${prefix}work`));
  symlinkSync(lower, join(scratch, `${prefix}lower`));
  // The merged top folder shows the upper's owner and mode.
  const stats = statSync(lower);
  if (process.getuid?.() === 0) chownSync(upper, stats.uid, stats.gid);
  chmodSync(upper, stats.mode & 0o7777);
  const marks = mode.userNamespace
    ? 'userxattr'
    : `index=off,metacopy=off,redirect_dir=${mode.redirect ? 'on' : 'nofollow'}`;
  return {
    type: 'overlay',
    target,
    options: `${marks},volatile,lowerdir=${prefix}lower,upperdir=${prefix}${UPPER},workdir=${prefix}work`,
  };
}
