import { WorkspaceError } from '../failure.js';
import { findTool } from '../sandbox/tools.js';
import { askGit } from './ask-git.js';

/**
 * Changes one setting in a config file of git's (absolute path); without a value it is taken away. Without a git program
 * nothing is done: then no git command can go wrong either.
 *
 * @throws WorkspaceError with git's words
 */
export async function setGitConfig(file: string, key: string, value?: string): Promise<void> {
  const change = value === undefined ? ['--unset-all', key] : [key, value];
  // Not in a repository: git would look for its worktree.
  const { ok, exitCode, stderr } = await askGit('/', ['config', '--file', file, ...change]);
  const wasUnset = value === undefined && exitCode === 5;
  if (!ok && !wasUnset && findTool('git') !== undefined)
    throw new WorkspaceError(`cannot change ${file}: ${stderr.split('\n')[0]}`);
}
