import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setGitConfig } from '../../util/git/git.js';
import type { GitFolders } from '../../util/git/repository.js';
import { copyTree, type Reflink } from '../copy/copy-tree.js';
import { WorkspaceError } from '../failure.js';
import { removeOwnTree } from '../scratch/remove-own-tree.js';
import { absoluteAlternates, ownLinks } from './copied-git.js';

/** What in the common folder is the main worktree's own: what it has checked out, its index, what it is in the middle of. */
const OF_THE_MAIN_ONE =
  /^(HEAD|index|sharedindex\..*|config\.worktree|worktrees|.*_HEAD|AUTO_MERGE|.*_(MSG|EDITMSG|MODE|RR)|BISECT_.*|NOTES_MERGE_.*|rebase-.*|sequencer)$/;

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
  copy: string,
  reflink: Reflink,
): Promise<void> {
  const own = join(copy, '.git');
  await removeOwnTree(own);
  mkdirSync(own);
  if (gitDir === commonDir) await copyGit(gitDir, own, reflink, (name) => name !== 'worktrees');
  else {
    if (existsSync(join(commonDir, 'reftable')))
      throw new WorkspaceError(
        `${commonDir} keeps its refs in a reftable, of which a copy of a worktree can't have its part; use --backend overlay`,
      );
    // Each may have its own submodules.
    const isReplaced = (name: string) => name === 'modules' && existsSync(join(gitDir, name));
    await copyGit(commonDir, own, reflink, (name) => !OF_THE_MAIN_ONE.test(name) && !isReplaced(name));
    for (const path of NOT_SHARED) await removeOwnTree(join(own, path));
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
  await copyTree(from, to, reflink, (name) => isWanted(name) && !name.endsWith('.lock'));
  await ownLinks(from, to, reflink);
}
