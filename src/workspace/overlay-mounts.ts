import { chmodSync, chownSync, mkdirSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Mount } from './namespace.js';

/** How overlay mounts are made here, as the probe found out. */
export interface OverlayMode {
  /** In a user namespace (ordinary users), with marks in `user.*` extended attributes. */
  userNamespace: boolean;
  /** Renamed folders are redirected, not copied (real root only, and only where collecting can tell). */
  redirect: boolean;
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
  const upper = join(scratch, `${prefix}upper`);
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
    options: `${marks},volatile,lowerdir=${prefix}lower,upperdir=${prefix}upper,workdir=${prefix}work`,
  };
}
