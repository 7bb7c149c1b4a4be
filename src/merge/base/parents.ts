import { look, under } from './seen.js';

/** Something above a path that is not a folder. */
export interface Blocked {
  folder: string;
  kind: 'file' | 'symlink' | 'special';
}

/**
 * Looks at every folder above a path. Gives what stands in the way of writing there, or undefined: each must be a
 * real folder (never a symlink, which could lead out of root) or missing. `becomesFolder` names paths that the merge
 * itself turns into folders.
 */
export async function blockedParent(
  root: string,
  path: string,
  becomesFolder: (path: string) => boolean,
): Promise<Blocked | undefined> {
  for (let cut = path.indexOf('/'); cut !== -1; cut = path.indexOf('/', cut + 1)) {
    const folder = path.slice(0, cut);
    const seen = await look(under(root, folder));
    if (seen === null || (seen.kind !== 'directory' && becomesFolder(folder))) return undefined;
    if (seen.kind !== 'directory') return { folder, kind: seen.kind };
  }
  return undefined;
}

/** The reason for people. */
export function describe(blocked: Blocked): string {
  const name = JSON.stringify(blocked.folder);
  return blocked.kind === 'symlink'
    ? `the folder ${name} is now a symlink in the working tree`
    : `${name} is no longer a folder in the working tree`;
}
