import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ExitCode } from '../exit-code.js';
import { Journal, writeFileDurably } from '../journal/index.js';
import { captureBase } from '../merge/index.js';
import type { Plan } from '../plan/index.js';
import { backendForRun } from './backend-for-run.js';
import type { RunControl } from './control.js';
import { executeRun } from './execute-run.js';
import { ownedByAny } from './owned-by.js';
import { preflight, preflightCommit } from './preflight.js';
import { finishInterruptedMerge, sweep } from './recover.js';
import { lockRoot } from './root-lock.js';
import { createRunFolder, type RunRequest } from './run-folder.js';
import { selectTasks } from './select-tasks.js';

/**
 * Runs a plan from the start: preflight, base, tasks, integration, gates, merge. Gives the exit code.
 * Throws ForgeError, AgentUnavailableError, BackendUnavailableError for what can't be started; then
 * no task has run and nothing has changed.
 */
export async function runPlan(plan: Plan, request: RunRequest, control: RunControl): Promise<ExitCode> {
  const tasks = selectTasks(plan, request.tasks);
  await preflight(plan.root, tasks);
  if (request.branch !== undefined || request.commit) await preflightCommit(plan.root, request.branch);
  mkdirSync(join(plan.root, '.forge'), { recursive: true });
  const release = lockRoot(plan.root, 'apply');
  try {
    await sweep(control.note);
    await finishInterruptedMerge(plan.root, control.note);
    const folder = createRunFolder(plan.root);
    await writeFileDurably(folder.plan, plan.text);
    await writeFileDurably(
      folder.request,
      `${JSON.stringify({ ...request, splits: plan.splits }, null, 2)}\n`,
    );
    const base = await captureBase({
      root: plan.root,
      owned: ownedByAny(plan, tasks),
      dir: folder.base,
    });
    const chosen = await backendForRun(folder, request, base, control.note);
    const journal = new Journal(folder.journal, folder.id);
    return await executeRun(
      { plan, request, tasks, folder, journal, base, chosen, done: new Map() },
      control,
    );
  } finally {
    release();
  }
}
