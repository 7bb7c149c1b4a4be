import { lstatSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { unlessOutOfReach } from '../../util/errors.js';
import { type GitFolders, isRepositoryTop } from '../../util/git/repository.js';
import { isWithin } from '../../util/paths/path.js';

/**
 * The other worktrees of a repository that lie outside `top` (gitrepository-layout(5): `worktrees/NAME/gitdir` names each
 * one's `.git`, and the main one holds the git folder). A git command of a task that goes there would change real files,
 * while what it keeps of them (a stash) goes to the private git folder and is thrown away. A home folder is left out:
 * agents keep their own things there.
 */
export function otherWorktrees({ commonDir }: Pick<GitFolders, 'commonDir'>, top: string): string[] {
  const tops = basename(commonDir) === '.git' ? [dirname(commonDir)] : [];
  const records = join(commonDir, 'worktrees');
  for (const name of unlessOutOfReach(() => readdirSync(records)) ?? []) {
    // Half made or half removed: git takes it for none, too.
    const file = join(records, name, 'gitdir');
    const dotGit = unlessOutOfReach(() =>
      lstatSync(file).isFile() ? readFileSync(file, 'utf8').trim() : undefined,
    );
    if (dotGit !== undefined) tops.push(dirname(dotGit));
  }
  const found = new Set<string>();
  for (const each of tops) {
    // One that was moved or removed by hand is none.
    const real = unlessOutOfReach(() => (lstatSync(each).isDirectory() ? realpathSync(each) : undefined));
    if (real === undefined || !isRepositoryTop(real)) continue;
    if (!isWithin(real, top) && !isWithin(homedir(), real)) found.add(real);
  }
  return [...found].sort();
}
