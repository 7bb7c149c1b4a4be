import { existsSync, mkdirSync, realpathSync, statfsSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { messageOf } from '../../util/errors.js';
import { makeMarkedFolder, NotOursError } from '../../util/files/provenance.js';
import { isWithin } from '../../util/paths/path.js';

/** f_type of overlayfs (statfs(2)); an upper folder cannot lie on it. */
const OVERLAYFS = 0x794c7630;

/**
 * Folders of forge's own for large scratch, best first: in FORGE_STATE_DIR alone if that is set. The folder above each
 * is somebody else's (the user's, the system's), and nothing there is ever touched.
 */
export function stateFolders(env: NodeJS.ProcessEnv = process.env): string[] {
  const own = `forge-${process.geteuid?.() ?? 'user'}`;
  if (env.FORGE_STATE_DIR) return [join(env.FORGE_STATE_DIR, own)];
  const home = env.XDG_STATE_HOME || join(homedir(), '.local/state');
  return [join(home, 'forge', 'workspaces'), `/var/tmp/${own}`, `/dev/shm/${own}`];
}

/** The real path of the nearest folder at or above a path that is there. */
function realAncestor(path: string): string {
  for (let at = resolve(path); ; at = dirname(at)) {
    if (existsSync(at)) return realpathSync(at);
    if (dirname(at) === at) return at;
  }
}

export type StateFolder = { path: string } | { refused: string };

/**
 * Makes a state folder (mode 700, with forge's mark in it) and gives its real path, or why it can't serve: something that
 * forge did not make is in its place, it can't be made, others could replace it, it lies below root, or is on overlayfs
 * where `forOverlay` is asked for.
 */
export function prepareStateFolder(path: string, root: string, forOverlay: boolean): StateFolder {
  const inside = { refused: `${path} lies inside the working tree (FORGE_STATE_DIR names another place)` };
  try {
    // Before anything is made.
    if (isWithin(realAncestor(path), root)) return inside;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const parent = realpathSync(dirname(path));
    const real = join(parent, basename(path));
    if (isWithin(real, root)) return inside;
    // Where everybody may rename, our folder could be swapped under our feet (/tmp has the sticky bit against that).
    const { mode } = statSync(parent);
    if ((mode & 0o002) !== 0 && (mode & 0o1000) === 0)
      return { refused: `everybody may replace what is in ${parent} (chmod +t ${parent})` };
    makeMarkedFolder(real);
    if (forOverlay && statfsSync(real).type === OVERLAYFS)
      return { refused: `${path} is itself on overlayfs` };
    return { path: real };
  } catch (error) {
    if (error instanceof NotOursError) return { refused: error.message };
    return { refused: `${path} cannot be used (${messageOf(error)})` };
  }
}
