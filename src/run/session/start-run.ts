import { mkdirSync } from 'node:fs';
import { Journal } from '../../journal/index.js';
import { captureBase } from '../../merge/index.js';
import type { Plan } from '../../plan/index.js';
import type { ExitCode } from '../../util/errors.js';
import { writeFileDurably } from '../../util/files/content.js';
import { interruption } from '../../util/process/interrupt.js';
import { type SelectedTask, selectTasks } from '../schedule/select-tasks.js';
import { makeForgeFolder } from '../store/forge-folder.js';
import { removeRun, settleRemovals } from '../store/remove-run.js';
import { lockRoot } from '../store/root-lock.js';
import { listRuns, newRunId, RunFolder, unbornRuns } from '../store/run-folder.js';
import type { RunHooks, RunRequest } from './hooks.js';
import { backendForRun, ownedByAny, type PreparedRun, preflight, preflightCommit } from './prepare.js';
import { finishInterruptedMerge, sweep } from './recover.js';
import { executeRun } from './session.js';

/**
 * `forge apply`: runs a plan from the start: preflight, base, tasks, integration, gates, merge. Gives the exit code.
 * @throws ForgeError, AgentUnavailableError, BackendUnavailableError for what can't be started; then no task has run and
 * nothing has changed.
 */
export async function startRun(plan: Plan, request: RunRequest, hooks: RunHooks): Promise<ExitCode> {
  const tasks = selectTasks(plan, request.tasks);
  await preflight(plan.root, tasks);
  await preflightCommit(plan.root, request);
  await makeForgeFolder(plan.root);
  const id = newRunId(listRuns(plan.root).at(-1));
  const release = lockRoot(plan.root, { doing: `apply ${id}`, run: id });
  try {
    await sweep(hooks.note);
    await finishInterruptedMerge(plan.root, hooks.note);
    await settleRemovals(plan.root);
    for (const unborn of unbornRuns(plan.root)) await removeRun(new RunFolder(plan.root, unborn));
    const folder = new RunFolder(plan.root, id);
    mkdirSync(folder.dir, { mode: 0o700 });
    let run: PreparedRun;
    try {
      run = await prepare(plan, request, tasks, folder, hooks);
    } catch (error) {
      // It never became a run: nothing of it could be resumed or listed. What can't be removed now, the next apply removes.
      await removeRun(folder).catch(() => undefined);
      const interrupted = interruption(hooks.signal);
      if (interrupted) return interrupted.exitCode;
      throw error;
    }
    return await executeRun(run, hooks);
  } finally {
    release();
  }
}

/** What a run has before it has a journal: how it was started, the base, the backend. */
async function prepare(
  plan: Plan,
  request: RunRequest,
  tasks: readonly SelectedTask[],
  folder: RunFolder,
  hooks: RunHooks,
): Promise<PreparedRun> {
  await writeFileDurably(folder.plan, plan.text);
  const kept: RunRequest = { ...request, splits: plan.splits };
  await writeFileDurably(folder.request, `${JSON.stringify(kept, null, 2)}\n`);
  const capturing = captureBase({
    root: plan.root,
    owned: ownedByAny(plan, tasks),
    dir: folder.base,
    announce: hooks.note,
    signal: hooks.signal,
  });
  const choosing = backendForRun(folder, request, capturing, hooks.note);
  // What one of them does must be over when the other's error is told.
  await Promise.allSettled([capturing, choosing]);
  const [base, chosen] = [await capturing, await choosing];
  const journal = new Journal(folder.journal, folder.id);
  return { plan, request, tasks, folder, base, chosen, journal, done: new Map() };
}
