import { lstatSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { isTrusted } from '../../util/git/git.js';
import { type GitFolders, gitFoldersOf, repositoriesAbove } from '../../util/git/repository.js';

/** The repository that root belongs to. All paths are absolute and real. */
export interface GitPlace extends GitFolders {
  /** Top folder of the worktree: root, or a folder above it. */
  top: string;
  /** Whether `top/.git` is an ordinary folder (and not a worktree's or submodule's file, nor a link). */
  isPlain: boolean;
}

/** The repository that root lies in, as git sees it: another user's only where git was told to trust it. */
export async function findGit(root: string): Promise<GitPlace | undefined> {
  for (const { top, isStrangers } of repositoriesAbove(root)) {
    if (isStrangers && !(await isTrusted(top))) continue;
    const found = gitAt(top);
    if (found !== undefined) return { top, ...found };
  }
  return undefined;
}

/**
 * The real git folders of the worktree whose top is `folder`, where it is one. Read from disk rather than asked of git,
 * which refuses to answer in a repository owned by somebody else.
 */
export function gitAt(folder: string): (GitFolders & { isPlain: boolean }) | undefined {
  const found = gitFoldersOf(folder);
  if (found === undefined) return undefined;
  const [gitDir, commonDir] = [realpathSync(found.gitDir), realpathSync(found.commonDir)];
  return {
    isPlain: lstatSync(join(folder, '.git')).isDirectory() && gitDir === commonDir,
    gitDir,
    commonDir,
  };
}
