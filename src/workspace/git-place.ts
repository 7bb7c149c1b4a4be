import { existsSync, lstatSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { isRepositoryTop } from '../util/repository.js';
import { WorkspaceError } from './failure.js';
import { nestedRepositories } from './nested-repositories.js';
import { otherWorktrees } from './other-worktrees.js';
import { secondPaths } from './second-paths.js';
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
    const found = gitAt(top);
    if (found !== undefined) return { top, ...found };
    if (dirname(top) === top) return undefined;
  }
}

/** A repository somewhere in the tree whose git folder lies outside it. */
export interface NestedGit {
  /** Absolute. */
  folder: string;
  git: Pick<GitPlace, 'gitDir' | 'commonDir'>;
}

/** What a private view of root has to cover, so that no git command in it reaches anything real. */
export interface Covered {
  root: string;
  /** Top folder of root's repository; root itself where there is none. */
  top: string;
  git: GitPlace | undefined;
  nested: readonly NestedGit[];
  /** Git folders outside `top`, of root's repository and of nested ones; none lies in another. */
  gitFolders: readonly string[];
  /** Other ways to what is real, which tasks see read-only: other worktrees of root's repository, and `top` at a second path. */
  others: readonly string[];
}

/**
 * Finds out once a run, as a nested repository has to be looked for.
 * @throws WorkspaceError where the git folder of a nested repository can't be covered
 */
export async function findCovered(root: string): Promise<Covered> {
  const git = findGit(root);
  const top = git?.top ?? root;
  const nested: NestedGit[] = [];
  const folders = git === undefined ? [] : [git.commonDir, git.gitDir];
  for (const folder of await nestedRepositories(top, git !== undefined)) {
    const found = gitAt(folder);
    if (found === undefined) continue;
    const outside = [found.commonDir, found.gitDir].filter((place) => !isWithin(place, top));
    if (outside.length === 0) continue;
    const wrong = outside.find((place) => isWithin(top, place));
    if (wrong !== undefined)
      throw new WorkspaceError(
        `the git folder of ${folder} is ${wrong}, which holds the working tree itself; remove ${folder}/.git`,
      );
    nested.push({ folder, git: found });
    folders.push(...outside);
  }
  const outside = [...new Set(folders)].filter((folder) => !isWithin(folder, top)).sort();
  const gitFolders = outside.filter(
    (folder) => !outside.some((other) => other !== folder && isWithin(folder, other)),
  );
  const others = [...(git === undefined ? [] : otherWorktrees(git, top)), ...secondPaths(top)];
  return { root, top, git, nested, gitFolders, others };
}

/** The git folders of the worktree whose top is `folder`, where it is one. */
function gitAt(folder: string): (NestedGit['git'] & { isPlain: boolean }) | undefined {
  const dotGit = join(folder, '.git');
  // The same test by which the root of a plan is found.
  if (!isRepositoryTop(folder)) return undefined;
  const stats = lstatSync(dotGit, { throwIfNoEntry: false });
  const gitDir = stats === undefined ? undefined : resolveGitDir(dotGit, folder, stats.isFile());
  if (stats === undefined || gitDir === undefined) return undefined;
  const shared = join(gitDir, 'commondir');
  const commonDir = existsSync(shared) ? resolve(gitDir, readFileSync(shared, 'utf8').trim()) : gitDir;
  if (!existsSync(commonDir)) return undefined;
  return { isPlain: stats.isDirectory(), gitDir, commonDir: realpathSync(commonDir) };
}

function resolveGitDir(dotGit: string, top: string, isFile: boolean): string | undefined {
  try {
    if (!isFile) return existsSync(join(dotGit, 'HEAD')) ? realpathSync(dotGit) : undefined;
    const target = /^gitdir: (.+?)\n*$/s.exec(readFileSync(dotGit, 'utf8'))?.[1];
    const gitDir = target === undefined ? undefined : realpathSync(resolve(top, target));
    return gitDir !== undefined && existsSync(join(gitDir, 'HEAD')) ? gitDir : undefined;
  } catch {
    // A `.git` that leads nowhere is no repository to git either.
    return undefined;
  }
}
