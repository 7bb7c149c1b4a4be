import { withoutGitVariables } from '../../util/git/careful-git.js';
import { type Outcome, type RunOptions, run } from '../../util/process/run-program.js';
import { WorkspaceError } from '../failure.js';

/**
 * Asks git something in a folder. Any exit code is an answer, and so is that there is no git.
 *
 * @throws WorkspaceError where git was killed: who takes that for "no" commits what git ignores, or leaves out what to cover
 */
export async function askGit(
  cwd: string,
  args: readonly string[],
  options: Pick<RunOptions, 'env' | 'input'> = {},
): Promise<Outcome> {
  const env = withoutGitVariables(process.env);
  // Ctrl-C is for forge.
  const answer = await run('git', args, { env, ...options, cwd, detached: true });
  if (answer.signal === null) return answer;
  throw new WorkspaceError(`git was ended by ${answer.signal} in ${cwd}`);
}
