import { chmodSync, lstatSync, mkdirSync, realpathSync, statfsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** f_type of overlayfs (statfs(2)); an upper folder cannot lie on it. */
const OVERLAYFS = 0x794c7630;

/** Places for large scratch, best first: FORGE_STATE_DIR alone if it is set. */
export function stateFolders(env: NodeJS.ProcessEnv = process.env): string[] {
  if (env.FORGE_STATE_DIR) return [env.FORGE_STATE_DIR];
  const own = `forge-${process.getuid?.() ?? 'user'}`;
  const home = env.XDG_STATE_HOME ? join(env.XDG_STATE_HOME, 'forge') : join(homedir(), '.local/state/forge');
  return [home, `/var/tmp/${own}`, `/dev/shm/${own}`];
}

/** Whether a folder is root or lies below it. Both are real paths. */
export function isWithin(folder: string, root: string): boolean {
  return folder === root || folder.startsWith(root === '/' ? '/' : `${root}/`);
}

export type StateFolder = { path: string } | { path: string; refused: string };

/**
 * Makes a state folder (mode 700) and gives its real path, or why it can't serve: it is not ours, can't be made, lies
 * below root, or is on overlayfs where `forOverlay` is asked for.
 */
export function prepareStateFolder(path: string, root: string, forOverlay: boolean): StateFolder {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const real = realpathSync(path);
    const stats = lstatSync(real);
    const uid = process.getuid?.();
    // A folder in /var/tmp that somebody else made first could be swapped under our feet.
    if (uid !== undefined && stats.uid !== uid) return { path, refused: `${path} belongs to another user` };
    if ((stats.mode & 0o022) !== 0) chmodSync(real, 0o700);
    if (isWithin(real, root)) return { path: real, refused: `${path} lies inside the working tree` };
    if (forOverlay && statfsSync(real).type === OVERLAYFS)
      return { path: real, refused: `${path} is itself on overlayfs` };
    return { path: real };
  } catch (error) {
    return {
      path,
      refused: `${path} cannot be used (${error instanceof Error ? error.message : String(error)})`,
    };
  }
}
