import { existsSync } from 'node:fs';
import { agentNames } from '../../agents/index.js';
import { doneTasks, isMerged, Journal, replayRun } from '../../journal/index.js';
import { loadBase } from '../../merge/index.js';
import { readPlan } from '../../plan/index.js';
import { ForgeError, invalid } from '../../util/errors.js';
import { readOurFile } from '../../util/files/provenance.js';
import { type Changeset, loadChangeset } from '../../workspace/index.js';
import { type SelectedTask, selectTasks } from '../schedule/select-tasks.js';
import type { RunFolder } from '../store/run-folder.js';
import type { RunRequest } from './hooks.js';
import { backendForRun, ownedByAny, type PreparedRun } from './prepare.js';

/** Where a run is merged to. */
export type MergeTarget = Pick<RunRequest, 'branch' | 'commit'>;

/** What may be different when a run goes on; what is undefined stays as it was. */
export interface Changes extends Partial<Pick<RunRequest, 'backend' | 'jobs' | 'keepGoing'>> {
  target?: MergeTarget;
  /** Begin every task again (`-B`). */
  redo?: boolean;
}

/** Loads a kept run. The caller holds the root's lock. @throws ForgeError (2) when there is nothing to go on with */
export async function loadRun(
  folder: RunFolder,
  changes: Changes,
  note: (text: string) => void,
): Promise<PreparedRun> {
  const before = replayRun(folder.journal);
  if (isMerged(before)) throw invalid(`run ${folder.id} is merged already`);
  const started = readRequest(folder);
  const request: RunRequest = {
    ...started,
    backend: changes.backend ?? started.backend,
    jobs: changes.jobs ?? started.jobs,
    keepGoing: changes.keepGoing ?? started.keepGoing,
    ...changes.target,
  };
  const result = await readPlan({
    file: request.planFile,
    text: readOurFile(folder.plan),
    vars: request.vars,
    agents: agentNames,
    splits: request.splits,
  });
  if (!result.ok) {
    throw invalid(
      `the plan of run ${folder.id} is no longer valid here: ${result.diagnostics[0]!.message}; start again with \`forge apply\``,
    );
  }
  const { plan } = result;
  if (plan.root !== folder.root) {
    throw invalid(
      `run ${folder.id} was made for ${plan.root}, and this is ${folder.root}: a project that was moved or copied can't go on with it; start again with \`forge apply\``,
    );
  }
  const tasks = selectTasks(plan, request.tasks);
  const done = await keptChangesets(folder, tasks, changes.redo ? [] : doneTasks(before));
  const base = await loadBase(folder.base, ownedByAny(plan, tasks));
  const chosen = await backendForRun(folder, request, base, note);
  const journal = new Journal(folder.journal, folder.id, before.lastSeq);
  return { plan, request, tasks, folder, journal, base, chosen, done };
}

function readRequest(folder: RunFolder): RunRequest {
  const text = readOurFile(folder.request);
  try {
    return JSON.parse(text) as RunRequest;
  } catch (error) {
    throw new ForgeError(
      `${folder.request} is damaged (${(error as Error).message}), so run ${folder.id} can't go on; its work is in ${folder.dir}`,
    );
  }
}

/** The changesets of the tasks that need not run again: what a task started from must be kept as well, or its own is stale. */
async function keptChangesets(
  folder: RunFolder,
  tasks: readonly SelectedTask[],
  finished: readonly string[],
): Promise<Map<string, Changeset>> {
  const done = new Map<string, Changeset>();
  for (const { task, startsFrom } of tasks) {
    const dir = folder.changeset(task.id);
    const isKept = finished.includes(task.id) && startsFrom.every((id) => done.has(id)) && existsSync(dir);
    if (!isKept) continue;
    try {
      done.set(task.id, await loadChangeset(dir));
    } catch (error) {
      const way = `to have ${task.id} run again, remove ${dir} and \`forge resume\``;
      throw new ForgeError(`${(error as Error).message}; ${way}`);
    }
  }
  return done;
}
