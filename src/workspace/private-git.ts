import { copyFileSync, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { withoutGitVariables } from '../util/careful-git.js';
import { removeTree } from '../util/remove-tree.js';
import type { GitFolders } from '../util/repository.js';
import { copyTree, type Reflink } from './copy-tree.js';
import { WorkspaceError } from './failure.js';
import { run } from './run-program.js';
import { findTool } from './tools.js';

/**
 * Gives a copy of a worktree a `.git` of its own: an ordinary git folder with this worktree's HEAD and index and the
 * repository's objects, refs and config, whatever stood in its place (a worktree's file, a link, nothing).
 */
export async function makePrivateGit(git: GitFolders, top: string, reflink: Reflink): Promise<void> {
  const own = join(top, '.git');
  await removeTree(own);
  mkdirSync(own);
  // A lock is of a git command that works on the real one.
  const locks = readdirSync(git.commonDir).filter((name) => name.endsWith('.lock'));
  await copyTree(git.commonDir, own, reflink, ['worktrees', ...locks]);
  if (git.gitDir !== git.commonDir) {
    for (const name of readdirSync(git.gitDir)) {
      const from = join(git.gitDir, name);
      // `commondir` and `gitdir` are what makes a worktree's folder one.
      if (['commondir', 'gitdir', 'locked'].includes(name) || name.endsWith('.lock')) continue;
      if (!statSync(from).isFile()) continue;
      copyFileSync(from, join(own, name));
    }
    if (existsSync(join(git.gitDir, 'logs/HEAD'))) {
      mkdirSync(join(own, 'logs'), { recursive: true });
      copyFileSync(join(git.gitDir, 'logs/HEAD'), join(own, 'logs/HEAD'));
    }
  }
  const config = join(own, 'config');
  // A submodule's config names its worktree, and the repository behind worktrees may be bare.
  for (const change of [
    ['--unset-all', 'core.worktree'],
    ['core.bare', 'false'],
  ]) {
    const { ok, exitCode, stderr } = await run('git', ['config', '--file', config, ...change], {
      cwd: own,
      env: withoutGitVariables(process.env),
    });
    // 5: there was nothing to unset. Without git no command in the copy can go wrong either.
    if (!ok && exitCode !== 5 && findTool('git') !== undefined)
      throw new WorkspaceError(`cannot change ${config}: ${stderr.split('\n')[0]}`);
  }
}
