import { realpathSync } from 'node:fs';
import { isTrusted } from '../../util/git/git.js';
import { type GitFolders, gitFoldersOf, repositoriesAbove } from '../../util/git/repository.js';

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
