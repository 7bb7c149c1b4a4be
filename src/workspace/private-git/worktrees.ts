import { lstatSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { unlessOutOfReach } from '../../util/errors.js';
import { isTrusted } from '../../util/git/git.js';
import {
  type GitFolders,
  gitFoldersOf,
  isRepositoryTop,
  repositoriesAbove,
} from '../../util/git/repository.js';
import { isWithin } from '../../util/paths/path.js';

/** A worktree of a repository: its top folder, and its git folders. All paths are absolute and real. */
export interface Worktree extends GitFolders {
  top: string;
}

/** The worktree that root lies in, as git sees it: another user's only where git was told to trust it. */
export async function worktreeAround(root: string): Promise<Worktree | undefined> {
  for (const { top, isStrangers } of repositoriesAbove(root)) {
    if (isStrangers && !(await isTrusted(top))) continue;
    const found = worktreeAt(top);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * The worktree whose top is a folder, where it is one. Read from disk rather than asked of git, which refuses to answer in
 * a repository owned by somebody else.
 */
export function worktreeAt(top: string): Worktree | undefined {
  const found = gitFoldersOf(top);
  return found && { top, gitDir: realpathSync(found.gitDir), commonDir: realpathSync(found.commonDir) };
}

/**
 * The other worktrees of a repository that lie outside `top` (gitrepository-layout(5): `worktrees/NAME/gitdir` names each
 * one's `.git`, and the main one holds the git folder). A git command of a task that goes there would change real files,
 * while what it keeps of them (a stash) goes to the private git folder and is thrown away. A home folder is left out:
 * agents keep their own things there.
 */
export function otherWorktrees({ commonDir }: Worktree, top: string): string[] {
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
