import { loadAdapter } from '../../agents/index.js';
import { branchMadeBefore, checkCommitTarget, MergeError } from '../../merge/index.js';
import { ExitCode } from '../../util/errors/exit-code.js';
import { ForgeError } from '../../util/errors/forge-error.js';
import type { SelectedTask } from '../schedule/select-tasks.js';
import type { RunRequest } from '../store/run-folder.js';

/** Checks that every agent of the tasks can run, before anything starts. Throws AgentUnavailableError. */
export async function preflight(root: string, tasks: readonly SelectedTask[]): Promise<void> {
  for (const agent of new Set(tasks.map(({ task }) => task.agent))) {
    const adapter = await loadAdapter(agent);
    const mine = tasks.filter(({ task }) => task.agent === agent).map(({ task }) => task);
    await adapter.preflight(mine, root, process.env);
  }
}

/**
 * Checks that `--branch NAME` or `--commit`, where one is asked for, can work, before anything starts. A branch that the run `id` has made itself,
 * before it was killed, is no obstacle. Throws ForgeError (2).
 */
export async function preflightCommit(
  root: string,
  { branch, commit }: Pick<RunRequest, 'branch' | 'commit'>,
  id?: string,
): Promise<void> {
  if (branch === undefined && !commit) return;
  try {
    if (branch !== undefined && id !== undefined && (await branchMadeBefore(root, branch, id))) return;
    await checkCommitTarget(root, branch);
  } catch (error) {
    throw error instanceof MergeError ? new ForgeError(error.message, ExitCode.invalid) : error;
  }
}
