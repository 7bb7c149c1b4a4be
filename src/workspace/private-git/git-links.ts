import { type Dirent, existsSync, readdirSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { unlessGone, unlessOutOfReach } from '../../util/errors.js';
import { isWithin } from '../../util/paths/path.js';

/** A link in a git folder that leads out of it: a shared object store, hooks or config kept elsewhere (git-new-workdir, repo). */
export interface GitLink {
  /** Below the git folder. */
  path: string;
  /** What it leads to, absolute; real where it is there. */
  target: string;
  kind: 'folder' | 'file' | 'other';
}

/** Where people and tools put links. Deeper ones would take a walk over all refs and objects. */
const PLACES = ['', 'info', 'logs', 'logs/refs', 'objects', 'refs'];

/** The links in a git folder that lead out of it. Its HEAD may be one that does not (as git made it before 2005). */
export function linksOutOf(gitFolder: string): GitLink[] {
  const links: GitLink[] = [];
  for (const place of PLACES) {
    for (const entry of entries(join(gitFolder, place))) {
      if (!entry.isSymbolicLink()) continue;
      const path = join(place, entry.name);
      const stored = unlessGone(() => readlinkSync(join(gitFolder, path)));
      if (stored === undefined) continue;
      const lexical = resolve(gitFolder, dirname(path), stored);
      if (!isAbsolute(stored) && isWithin(lexical, gitFolder)) continue;
      links.push({ path, ...whatIsAt(lexical) });
    }
  }
  return links;
}

function entries(folder: string): Dirent[] {
  // Where it can't be read no git command of this user's gets either.
  const read = () => (realpathSync(folder) === folder ? readdirSync(folder, { withFileTypes: true }) : []);
  return unlessOutOfReach(read) ?? [];
}

function whatIsAt(path: string): Pick<GitLink, 'target' | 'kind'> {
  const target = unlessOutOfReach(() => realpathSync(path));
  const stats = target === undefined ? undefined : unlessOutOfReach(() => statSync(target));
  if (target !== undefined && stats !== undefined)
    return { target, kind: stats.isDirectory() ? 'folder' : stats.isFile() ? 'file' : 'other' };
  // Where the folder that it would be in is there, git can make it.
  return { target: path, kind: existsSync(dirname(path)) ? 'file' : 'other' };
}
