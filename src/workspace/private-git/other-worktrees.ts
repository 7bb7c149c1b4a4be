import { lstatSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { isRepositoryTop } from '../../util/git/repository.js';
import { isWithin } from '../../util/paths/relative-path.js';
import type { GitPlace } from './git-place.js';

/**
 * The other worktrees of a repository that lie outside `top` (gitrepository-layout(5): `worktrees/NAME/gitdir` names each
 * one's `.git`, and the main one holds the git folder). A git command of a task that goes there would change real files,
 * while what it keeps of them (a stash) goes to the private git folder and is thrown away. A home folder is left out:
 * agents keep their own things there.
 */
export function otherWorktrees({ commonDir }: Pick<GitPlace, 'commonDir'>, top: string): string[] {
  const tops = basename(commonDir) === '.git' ? [dirname(commonDir)] : [];
  for (const name of namesIn(join(commonDir, 'worktrees'))) {
    const dotGit = read(join(commonDir, 'worktrees', name, 'gitdir'));
    if (dotGit !== undefined) tops.push(dirname(dotGit));
  }
  const found = new Set<string>();
  for (const each of tops) {
    const real = realFolder(each);
    if (real === undefined || !isRepositoryTop(real)) continue;
    if (!isWithin(real, top) && !isWithin(homedir(), real)) found.add(real);
  }
  return [...found].sort();
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    // A repository without other worktrees has no such folder.
    return [];
  }
}

function read(file: string): string | undefined {
  try {
    return lstatSync(file).isFile() ? readFileSync(file, 'utf8').trim() : undefined;
  } catch {
    // Half made or half removed: git takes it for none, too.
    return undefined;
  }
}

/** undefined for a worktree that was moved or removed by hand. */
function realFolder(path: string): string | undefined {
  try {
    return lstatSync(path).isDirectory() ? realpathSync(path) : undefined;
  } catch {
    return undefined;
  }
}
