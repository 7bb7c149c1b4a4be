import { ExitCode } from '../../util/errors/exit-code.js';
import { ForgeError } from '../../util/errors/forge-error.js';
import { lockRoot } from '../store/root-lock.js';
import type { RunFolder, RunRequest } from '../store/run-folder.js';
import type { RunControl } from './control.js';
import { executeRun, type PreparedRun } from './execute-run.js';
import { openRun } from './open-run.js';
import { preflight, preflightCommit } from './preflight.js';
import { finishInterruptedMerge } from './recover.js';

/**
 * `forge resume`: goes on with a run that was interrupted or failed. What has succeeded is not run again.
 * The caller trusts the root (see trustToAct). Gives the exit code; throws as runPlan does.
 */
export function resumeRun(
  folder: RunFolder,
  changes: Pick<RunRequest, 'backend' | 'jobs'> & { keepGoing: boolean; redo: boolean },
  control: RunControl,
): Promise<ExitCode> {
  return withRun(folder, changes, control, async (run) => {
    await preflight(
      run.plan.root,
      run.tasks.filter(({ task }) => !run.done.has(task.id)),
    );
    if (control.noMerge) return run;
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
export type MergeTarget = { to: 'tree' } | { to: 'commit' } | { to: 'branch'; branch: string };

/**
 * `forge merge`: gates and merge of a run whose tasks have all succeeded, in a root that the caller trusts. Throws ForgeError (2) when some have not, and
 * when the branch can't be made or moved.
 */
export function mergeRun(
  folder: RunFolder,
  changes: Pick<RunRequest, 'backend'> & { target?: MergeTarget },
  control: RunControl,
): Promise<ExitCode> {
  const { target, ...others } = changes;
  return withRun(folder, others, control, async (opened) => {
    const run = target ? { ...opened, request: aimedAt(opened.request, target) } : opened;
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

function aimedAt({ branch: _, ...request }: RunRequest, target: MergeTarget): RunRequest {
  const commit = target.to === 'commit';
  return target.to === 'branch' ? { ...request, commit, branch: target.branch } : { ...request, commit };
}

async function withRun(
  folder: RunFolder,
  changes: Parameters<typeof openRun>[1],
  control: RunControl,
  prepare: (run: PreparedRun) => Promise<PreparedRun>,
): Promise<ExitCode> {
  const release = lockRoot(folder.root, { doing: `run ${folder.id}`, run: folder.id });
  try {
    await finishInterruptedMerge(folder.root, control.note);
    const run = await prepare(await openRun(folder, changes, control.note));
    return await executeRun(run, control);
  } finally {
    release();
  }
}
