import { Journal } from '../../journal/index.js';
import { captureBase } from '../../merge/index.js';
import type { Plan } from '../../plan/index.js';
import { ExitCode } from '../../util/errors/exit-code.js';
import { writeFileDurably } from '../../util/files/durable.js';
import { ownedByAny } from '../attempt/owned-by.js';
import { type SelectedTask, selectTasks } from '../schedule/select-tasks.js';
import { makeForgeFolder } from '../store/forge-folder.js';
import { removeRun, settleRemovals } from '../store/remove-run.js';
import { lockRoot } from '../store/root-lock.js';
import {
  createRunFolder,
  listRuns,
  newRunId,
  RunFolder,
  type RunRequest,
  unbornRuns,
} from '../store/run-folder.js';
import { backendForRun } from './backend-for-run.js';
import type { RunControl } from './control.js';
import { executeRun, type PreparedRun } from './execute-run.js';
import { preflight, preflightCommit } from './preflight.js';
import { finishInterruptedMerge, sweep } from './recover.js';

/**
 * Runs a plan from the start: preflight, base, tasks, integration, gates, merge. Gives the exit code.
 * Throws ForgeError, AgentUnavailableError, BackendUnavailableError for what can't be started; then
 * no task has run and nothing has changed.
 */
export async function runPlan(plan: Plan, request: RunRequest, control: RunControl): Promise<ExitCode> {
  const tasks = selectTasks(plan, request.tasks);
  await preflight(plan.root, tasks);
  await preflightCommit(plan.root, request);
  await makeForgeFolder(plan.root);
  const id = newRunId(listRuns(plan.root).at(-1));
  const release = lockRoot(plan.root, { doing: `apply ${id}`, run: id });
  try {
    await sweep(control.note);
    await finishInterruptedMerge(plan.root, control.note);
    await settleRemovals(plan.root);
    for (const unborn of unbornRuns(plan.root)) await removeRun(new RunFolder(plan.root, unborn));
    const folder = createRunFolder(plan.root, id);
    const prepared = await prepare(plan, request, tasks, folder, control).catch(async (error: unknown) => {
      // It never became a run: nothing of it could be resumed or listed. What can't be removed now, the next apply removes.
      await removeRun(folder).catch(() => undefined);
      if (control.signal.aborted) return undefined;
      throw error;
    });
    if (prepared === undefined) return control.interruptCode() ?? ExitCode.interrupted;
    return await executeRun({ plan, request, tasks, folder, ...prepared, done: new Map() }, control);
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
  control: RunControl,
): Promise<Pick<PreparedRun, 'base' | 'chosen' | 'journal'>> {
  await writeFileDurably(folder.plan, plan.text);
  await writeFileDurably(folder.request, `${JSON.stringify({ ...request, splits: plan.splits }, null, 2)}\n`);
  const base = await captureBase({
    root: plan.root,
    owned: ownedByAny(plan, tasks),
    dir: folder.base,
    announce: control.note,
    signal: control.signal,
  });
  const chosen = await backendForRun(folder, request, base, control.note);
  return { base, chosen, journal: new Journal(folder.journal, folder.id) };
}
