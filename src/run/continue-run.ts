import { ExitCode } from '../exit-code.js';
import { ForgeError } from '../forge-error.js';
import type { RunControl } from './control.js';
import { executeRun, type PreparedRun } from './execute-run.js';
import { trustToAct } from './forge-folder.js';
import { openRun } from './open-run.js';
import { preflight } from './preflight.js';
import { finishInterruptedMerge } from './recover.js';
import { lockRoot } from './root-lock.js';
import type { RunFolder, RunRequest } from './run-folder.js';

/**
 * `forge resume`: goes on with a run that was interrupted or failed. What has succeeded is not run again.
 * Gives the exit code; throws as runPlan does.
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
  });
}

/**
 * `forge merge`: gates and merge of a run whose tasks have all succeeded. Throws ForgeError (2) when some have not.
 */
export function mergeRun(
  folder: RunFolder,
  changes: Pick<RunRequest, 'backend' | 'branch'> & { commit?: boolean },
  control: RunControl,
): Promise<ExitCode> {
  return withRun(folder, changes, control, async (run) => {
    const missing = run.tasks.filter(({ task }) => !run.done.has(task.id)).map(({ task }) => task.id);
    if (missing.length === 0) return;
    throw new ForgeError(
      `run ${folder.id} can't be merged: ${missing.join(', ')} did not succeed; \`forge resume ${folder.id}\` goes on with it`,
      ExitCode.invalid,
    );
  });
}

async function withRun(
  folder: RunFolder,
  changes: Parameters<typeof openRun>[1],
  control: RunControl,
  check: (run: PreparedRun) => Promise<void>,
): Promise<ExitCode> {
  await trustToAct(folder.root);
  const release = lockRoot(folder.root, { doing: `run ${folder.id}`, run: folder.id });
  try {
    await finishInterruptedMerge(folder.root, control.note);
    const run = await openRun(folder, changes, control.note);
    await check(run);
    return await executeRun(run, control);
  } finally {
    release();
  }
}
