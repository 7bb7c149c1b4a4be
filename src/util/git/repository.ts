import { accessSync, constants, lstatSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** What HEAD may say: the ref that is checked out, or a commit. */
const HEAD = /^ref:\s*refs\/|^(?:[0-9a-f]{40}|[0-9a-f]{64})\s*$/;

/**
 * The nearest folder at or above this one that is the top of a repository, as git sees it: a `.git` that is none (an
 * empty folder, a file that leads nowhere) is passed over, so that a stray one does not make its folder a project.
 */
export function repositoryAbove(folder: string): string | undefined {
  for (const { top, isStrangers } of repositoriesAbove(folder)) if (!isStrangers) return top;
  return undefined;
}

/** All of them, the nearest first, also those that somebody else may have put there. */
export function* repositoriesAbove(folder: string): Generator<{ top: string; isStrangers: boolean }> {
  for (let top = folder; ; top = dirname(top)) {
    if (isRepositoryTop(top)) yield { top, isStrangers: isStrangers(top, folder) };
    if (dirname(top) === top) return;
  }
}

/** Whether a `.git` above a folder is neither this user's, nor root's, nor of the folder's own owner: in a folder that others may write to, anybody could have put one. */
function isStrangers(top: string, folder: string): boolean {
  const uid = process.geteuid?.();
  if (uid === undefined) return false;
  const owner = ask(() => lstatSync(join(top, '.git')).uid);
  return owner !== undefined && owner !== uid && owner !== 0 && owner !== ask(() => statSync(folder).uid);
}

/** Whether a folder is the top of a repository, a worktree or a submodule. */
export function isRepositoryTop(folder: string): boolean {
  return gitFoldersOf(folder) !== undefined;
}

/** The git folders of a repository, worktree or submodule. */
export interface GitFolders {
  /** HEAD and index. */
  gitDir: string;
  /** Objects, refs and config (the same folder but for worktrees). */
  commonDir: string;
}

/** The git folders of what has its top in a folder, absolute but not necessarily real; undefined where there is none. */
export function gitFoldersOf(folder: string): GitFolders | undefined {
  const dotGit = join(folder, '.git');
  return foldersFrom(dotGit) ?? foldersFrom(gitFolderNamedIn(dotGit, folder));
}

/** The folder that the file `.git` of a worktree or submodule names. */
function gitFolderNamedIn(file: string, folder: string): string | undefined {
  return ask(() => {
    if (!statSync(file).isFile()) return undefined;
    const target = /^gitdir: (.+?)[\r\n]*$/s.exec(readFileSync(file, 'utf8'))?.[1];
    return target === undefined ? undefined : resolve(folder, target);
  });
}

/** Whether a folder is a git folder itself, under whatever name: a bare repository. */
export function isGitFolder(folder: string): boolean {
  return foldersFrom(folder) !== undefined;
}

/** git's own test (`is_git_directory` in setup.c): HEAD makes sense, and there are `objects` and `refs`. */
function foldersFrom(gitDir: string | undefined): GitFolders | undefined {
  if (gitDir === undefined || !isFolder(gitDir) || !hasHead(gitDir)) return undefined;
  const shared = ask(() => readFileSync(join(gitDir, 'commondir'), 'utf8').replace(/[\r\n]+$/, ''));
  const commonDir = shared === undefined ? gitDir : resolve(gitDir, shared);
  return ['objects', 'refs'].every((name) => isFolder(join(commonDir, name)))
    ? { gitDir, commonDir }
    : undefined;
}

function hasHead(folder: string): boolean {
  const head = join(folder, 'HEAD');
  // As git wrote it before 2005: a link to the ref, which need not exist.
  if (ask(() => readlinkSync(head))?.startsWith('refs/') === true) return true;
  return ask(() => (statSync(head).isFile() ? readFileSync(head, 'latin1') : '').match(HEAD)) != null;
}

function isFolder(path: string): boolean {
  const found = ask(() => {
    accessSync(path, constants.X_OK);
    return statSync(path).isDirectory();
  });
  return found === true;
}

/** undefined where there is no such file, or none that this user may read: to git, too, that is no repository. */
function ask<T>(question: () => T): T | undefined {
  try {
    return question();
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) return undefined;
    throw error;
  }
}
