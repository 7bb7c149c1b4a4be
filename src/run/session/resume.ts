import { ExitCode, ForgeError } from '../../util/errors.js';
import { lockRoot } from '../store/root-lock.js';
import type { RunFolder } from '../store/run-folder.js';
import type { RunRequest } from '../store/run-request.js';
import type { RunHooks } from './hooks.js';
import { type Changes, loadRun } from './load-run.js';
import { type PreparedRun, preflight, preflightCommit } from './prepare.js';
import { finishInterruptedMerge } from './recover.js';
import { executeRun } from './session.js';

/**
 * `forge resume`: goes on with a run that was interrupted or failed, in a root that the caller trusts (see trustToAct).
 * What has succeeded is not run again.
 * @throws as startRun does
 */
export function resumeRun(folder: RunFolder, changes: Changes, hooks: RunHooks): Promise<ExitCode> {
  return goOn(folder, changes, hooks, async (run) => {
    const left = run.tasks.filter(({ task }) => !run.done.has(task.id));
    await preflight(run.plan.root, left);
    if (hooks.noMerge) return run;
    try {
      await preflightCommit(run.plan.root, run.request, folder.id);
    } catch (error) {
      if (!(error instanceof ForgeError)) throw error;
      const other = run.request.branch === undefined ? '--no-commit' : '--branch NAME';
      throw new ForgeError(
        `${error.message} Or \`forge resume ${folder.id} --no-merge\`, then \`forge merge ${folder.id} ${other}\`.`,
        error.exitCode,
      );
    }
    return run;
  });
}

/** Where `forge merge` merges to, whatever the run was started with. */
export interface MergeTarget {
  branch: string | undefined;
  commit: boolean;
}

/**
 * `forge merge`: gates and merge of a run whose tasks have all succeeded, in a root that the caller trusts.
 * @throws ForgeError (2) when some have not, and when the branch can't be made or moved.
 */
export function mergeRun(
  folder: RunFolder,
  { target, ...changes }: Pick<RunRequest, 'backend'> & { target?: MergeTarget },
  hooks: RunHooks,
): Promise<ExitCode> {
  return goOn(folder, changes, hooks, async (loaded) => {
    const run = target ? { ...loaded, request: { ...loaded.request, ...target } } : loaded;
    const missing = run.tasks.filter(({ task }) => !run.done.has(task.id)).map(({ task }) => task.id);
    if (missing.length > 0)
      throw new ForgeError(
        `run ${folder.id} can't be merged: ${missing.join(', ')} did not succeed; \`forge resume ${folder.id}\` goes on with it`,
        ExitCode.invalid,
      );
    await preflightCommit(run.plan.root, run.request, folder.id);
    return run;
  });
}

async function goOn(
  folder: RunFolder,
  changes: Changes,
  hooks: RunHooks,
  prepare: (run: PreparedRun) => Promise<PreparedRun>,
): Promise<ExitCode> {
  const release = lockRoot(folder.root, { doing: `run ${folder.id}`, run: folder.id });
  try {
    await finishInterruptedMerge(folder.root, hooks.note);
    const run = await prepare(await loadRun(folder, changes, hooks.note));
    return await executeRun(run, hooks);
  } finally {
    release();
  }
}
