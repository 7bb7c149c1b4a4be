import { lstatSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { NO_PROGRAMS, withoutGitVariables } from '../util/careful-git.js';
import { type GitFolders, gitFoldersOf, repositoriesAbove } from '../util/repository.js';
import { WorkspaceError } from './failure.js';
import { nestedRepositories } from './nested-repositories.js';
import { otherWorktrees } from './other-worktrees.js';
import { run } from './run-program.js';
import { secondPaths } from './second-paths.js';
import { isWithin } from './state-folder.js';

/** The repository that root belongs to. All paths are absolute and real. */
export interface GitPlace extends GitFolders {
  /** Top folder of the worktree: root, or a folder above it. */
  top: string;
  /** Whether `top/.git` is an ordinary folder (and not a worktree's or submodule's file, nor a link). */
  isPlain: boolean;
}

/** The repository that root lies in, as git sees it: another user's only where git was told to trust it. */
async function findGit(root: string): Promise<GitPlace | undefined> {
  for (const { top, isStrangers } of repositoriesAbove(root)) {
    if (isStrangers && !(await isTrusted(top))) continue;
    const found = gitAt(top);
    if (found !== undefined) return { top, ...found };
  }
  return undefined;
}

/** A repository somewhere in the tree whose git folder lies outside it. */
export interface NestedGit {
  /** Absolute. */
  folder: string;
  git: GitFolders;
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
  /** The repository is another user's, and this one has told git to trust it (`safe.directory`): a copy is to be trusted, too. */
  isTrustedStranger: boolean;
}

/**
 * Found out once, when the backend is chosen: looking for nested repositories takes git and a walk.
 * @throws WorkspaceError where the git folder of a nested repository can't be covered
 */
export async function findCovered(root: string): Promise<Covered> {
  const git = await findGit(root);
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
  const isTrustedStranger =
    git !== undefined && statSync(top).uid !== process.geteuid?.() && (await isTrusted(top));
  return { root, top, git, nested, gitFolders, others, isTrustedStranger };
}

/**
 * The real git folders of the worktree whose top is `folder`, where it is one. Read from disk rather than asked of git,
 * which refuses to answer in a repository owned by somebody else.
 */
function gitAt(folder: string): (GitFolders & { isPlain: boolean }) | undefined {
  const found = gitFoldersOf(folder);
  if (found === undefined) return undefined;
  return {
    isPlain: lstatSync(join(folder, '.git')).isDirectory(),
    gitDir: realpathSync(found.gitDir),
    commonDir: realpathSync(found.commonDir),
  };
}

/** Whether git itself trusts the repository. */
async function isTrusted(top: string): Promise<boolean> {
  // Without any GIT_CONFIG_... but those that say what is trusted.
  const env = { ...withoutGitVariables(process.env), ...gitConfiguration(process.env) };
  return (await run('git', [...NO_PROGRAMS, 'rev-parse', '--git-dir'], { cwd: top, env })).ok;
}

/** The variables by which whoever started forge configures git. */
function gitConfiguration(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => name.startsWith('GIT_CONFIG')));
}
