import { existsSync, lstatSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { isWithin } from './state-folder.js';

/** The repository that root belongs to. All paths are absolute and real. */
export interface GitPlace {
  /** Top folder of the worktree: root, or a folder above it. */
  top: string;
  /** Whether `top/.git` is an ordinary folder (and not a worktree's or submodule's file, nor a link). */
  isPlain: boolean;
  /** HEAD and index of this worktree. */
  gitDir: string;
  /** Objects, refs and config (the same folder but for worktrees). */
  commonDir: string;
}

/**
 * Finds the repository as git does (gitrepository-layout(5)): the nearest `.git` upwards; a file in its place names
 * the git folder, whose `commondir` names the shared one. Read from disk rather than asked of git, which refuses to
 * answer in a repository owned by somebody else.
 */
export function findGit(root: string): GitPlace | undefined {
  for (let top = root; ; top = dirname(top)) {
    const dotGit = join(top, '.git');
    const stats = lstatSync(dotGit, { throwIfNoEntry: false });
    if (stats !== undefined) {
      const gitDir = resolveGitDir(dotGit, top, stats.isFile());
      if (gitDir !== undefined) {
        const shared = join(gitDir, 'commondir');
        const commonDir = existsSync(shared) ? resolve(gitDir, readFileSync(shared, 'utf8').trim()) : gitDir;
        if (existsSync(commonDir))
          return { top, isPlain: stats.isDirectory(), gitDir, commonDir: realpathSync(commonDir) };
      }
    }
    if (dirname(top) === top) return undefined;
  }
}

/** The git folders outside root that git commands in root would write to. */
export function gitFoldersOutside(root: string, git: GitPlace | undefined): string[] {
  if (git === undefined) return [];
  const folders = isWithin(git.gitDir, git.commonDir) ? [git.commonDir] : [git.commonDir, git.gitDir];
  return folders.filter((folder) => !isWithin(folder, root));
}

function resolveGitDir(dotGit: string, top: string, isFile: boolean): string | undefined {
  try {
    if (!isFile) return existsSync(join(dotGit, 'HEAD')) ? realpathSync(dotGit) : undefined;
    const target = /^gitdir: (.+?)\n*$/s.exec(readFileSync(dotGit, 'utf8'))?.[1];
    return target === undefined ? undefined : realpathSync(resolve(top, target));
  } catch {
    // A `.git` that leads nowhere is no repository to git either.
    return undefined;
  }
}
