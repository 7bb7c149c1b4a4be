import { type ExitCode, ForgeError, invalid } from '../../util/errors.js';
import { lockRoot } from '../store/root-lock.js';
import type { RunFolder } from '../store/run-folder.js';
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
  return goOn(folder, changes, hooks, async ({ plan, request, tasks, done }) => {
    const left = tasks.filter(({ id }) => !done.has(id));
    await preflight(plan.root, left);
    if (hooks.noMerge) return;
    try {
      await preflightCommit(plan.root, request, folder.id);
    } catch (error) {
      if (!(error instanceof ForgeError)) throw error;
      const other = request.branch === undefined ? '--no-commit' : '--branch NAME';
      throw new ForgeError(
        `${error.message} Or \`forge resume ${folder.id} --no-merge\`, then \`forge merge ${folder.id} ${other}\`.`,
        error.exitCode,
      );
    }
  });
}

/**
 * `forge merge`: gates and merge of a run whose tasks have all succeeded, in a root that the caller trusts.
 * @throws ForgeError (2) when some have not, and when the branch can't be made or moved.
 */
export function mergeRun(
  folder: RunFolder,
  changes: Pick<Changes, 'backend' | 'target'>,
  hooks: RunHooks,
): Promise<ExitCode> {
  return goOn(folder, changes, hooks, async ({ plan, request, tasks, done }) => {
    const missing = tasks.filter(({ id }) => !done.has(id)).map(({ id }) => id);
    if (missing.length > 0)
      throw invalid(
        `run ${folder.id} can't be merged: ${missing.join(', ')} did not succeed; \`forge resume ${folder.id}\` goes on with it`,
      );
    await preflightCommit(plan.root, request, folder.id);
  });
}

async function goOn(
  folder: RunFolder,
  changes: Changes,
  hooks: RunHooks,
  check: (run: PreparedRun) => Promise<void>,
): Promise<ExitCode> {
  const release = lockRoot(folder.root, { doing: `run ${folder.id}`, run: folder.id });
  try {
    await finishInterruptedMerge(folder.root, hooks.note);
    const run = await loadRun(folder, changes, hooks.note);
    await check(run);
    return await executeRun(run, hooks);
  } finally {
    release();
  }
}
