import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { GitFolders } from '../util/repository.js';
import { absoluteAlternates, ownLinks } from './copied-git.js';
import { copyTree, type Reflink } from './copy-tree.js';
import { setGitConfig } from './git-config.js';
import { removeTree } from './remove-tree.js';

/**
 * What the worktrees of a repository share (`common_list` in git's path.c), and what git-lfs and git-annex do. All else in
 * the common folder is the main worktree's own: its index, its merge under way, what it has checked out.
 */
const SHARED: ReadonlySet<string> = new Set([
  ...['annex', 'branches', 'common', 'config', 'description', 'hooks', 'info', 'lfs', 'logs', 'lost-found'],
  ...['modules', 'objects', 'packed-refs', 'refs', 'remotes', 'rr-cache', 'shallow', 'svn'],
]);

/** In what is shared, what is each worktree's own. */
const NOT_SHARED = [
  'info/sparse-checkout',
  'logs/HEAD',
  ...['bisect', 'rewritten', 'worktree'].flatMap((name) => [`refs/${name}`, `logs/refs/${name}`]),
];

/** What makes a folder a worktree's, and not a repository's. */
const OF_A_WORKTREE: ReadonlySet<string> = new Set(['commondir', 'gitdir', 'locked']);

/**
 * Gives a copy of a worktree (its real path) a `.git` of its own: an ordinary git folder with this worktree's HEAD and
 * index and the repository's objects, refs and config, whatever stood in its place (a worktree's file, a link, nothing).
 */
export async function makePrivateGit(
  { gitDir, commonDir }: GitFolders,
  top: string,
  reflink: Reflink,
): Promise<void> {
  const own = join(top, '.git');
  await removeTree(own);
  mkdirSync(own);
  if (gitDir === commonDir) await copyGit(gitDir, own, reflink, (name) => name !== 'worktrees');
  else {
    await copyGit(commonDir, own, reflink, (name) => SHARED.has(name));
    for (const path of NOT_SHARED) await removeTree(join(own, path));
    await copyGit(gitDir, own, reflink, (name) => !OF_A_WORKTREE.has(name));
  }
  absoluteAlternates(commonDir, own);
  // A submodule's config names its worktree, and the repository behind worktrees may be bare.
  await setGitConfig(join(own, 'config'), 'core.worktree');
  await setGitConfig(join(own, 'config'), 'core.bare', 'false');
}

/** Copies what `isWanted` says of a git folder, but no locks: those are of git commands that work on the real one. */
async function copyGit(
  from: string,
  to: string,
  reflink: Reflink,
  isWanted: (name: string) => boolean,
): Promise<void> {
  const left = readdirSync(from).filter((name) => !isWanted(name) || name.endsWith('.lock'));
  await copyTree(from, to, reflink, left);
  await ownLinks(from, to, reflink);
}
