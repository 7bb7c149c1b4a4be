import { existsSync } from 'node:fs';
import { agentNames } from '../../agents/index.js';
import { dropTornLine, type ForgeEvent, Journal, readJournal } from '../../journal/index.js';
import { loadBase } from '../../merge/index.js';
import { readPlan } from '../../plan/index.js';
import { ExitCode } from '../../util/errors/exit-code.js';
import { ForgeError } from '../../util/errors/forge-error.js';
import { readOurFile } from '../../util/files/provenance.js';
import { type Changeset, loadChangeset } from '../../workspace/index.js';
import { ownedByAny } from '../attempt/owned-by.js';
import { type SelectedTask, selectTasks } from '../schedule/select-tasks.js';
import { type RunFolder, type RunRequest, readRequest } from '../store/run-folder.js';
import { backendForRun } from './backend-for-run.js';
import type { PreparedRun } from './execute-run.js';

/** What the journal of a run says about how far it came. */
export interface Progress {
  lastSeq: number;
  /** Tasks whose changesets are kept. */
  done: string[];
  merged: boolean;
  /** Its merge moved versions of the user's aside, and they are kept with it. */
  displaced: boolean;
  /** Given up by `forge abort`. */
  abandoned: boolean;
  /** The exit code of its last session; undefined when that was cut short (or is under way). */
  exitCode?: number;
}

/** Folds a run's journal into what `resume`, `merge`, `abort` and `clean` need to know. */
export function progressOf(events: Iterable<ForgeEvent>): Progress {
  const done = new Set<string>();
  const progress: Progress = { lastSeq: 0, done: [], merged: false, displaced: false, abandoned: false };
  for (const event of events) {
    progress.lastSeq = event.seq;
    if (event.type === 'run.started') {
      delete progress.exitCode;
      // Started anew (-B): what an earlier session made is of no use to this one.
      if (!event.resumed) done.clear();
    } else if (event.type === 'task.finished') {
      if (event.state === 'succeeded' || event.state === 'up-to-date') done.add(event.task);
      else done.delete(event.task);
    } else if (event.type === 'merge.finished') {
      progress.merged ||= event.state === 'merged';
      progress.displaced ||= (event.displaced?.length ?? 0) > 0;
      progress.abandoned = event.state === 'declined' && event.reason === ABANDONED;
    } else if (event.type === 'run.finished') progress.exitCode = event.exitCode;
  }
  return { ...progress, done: [...done] };
}

/** The reason that `forge abort` gives to a run's `merge.finished`. */
export const ABANDONED = 'given up with forge abort';

/**
 * Opens a kept run to go on with it: the plan as it ran, its base, the changesets it has. `redo` forgets the
 * changesets (`-B`). The caller holds the root's lock. Throws ForgeError (2) when there is nothing to go on with.
 */
export async function openRun(
  folder: RunFolder,
  changes: Pick<RunRequest, 'backend' | 'jobs'> & { keepGoing?: boolean; redo?: boolean },
  note: (text: string) => void,
): Promise<PreparedRun> {
  dropTornLine(folder.journal);
  const progress = progressOf(readJournal(folder.journal));
  if (progress.merged) throw new ForgeError(`run ${folder.id} is merged already`, ExitCode.invalid);
  const request = { ...readRequest(folder), ...withoutUndefined(changes) };
  const result = await readPlan({
    file: request.planFile,
    text: readOurFile(folder.plan),
    vars: request.vars,
    agents: agentNames,
    ...(request.splits && { splits: request.splits }),
  });
  if (!result.ok) {
    const first = result.diagnostics[0]!;
    throw new ForgeError(
      `the plan of run ${folder.id} is no longer valid here: ${first.message}; start again with \`forge apply\``,
      ExitCode.invalid,
    );
  }
  const { plan } = result;
  if (plan.root !== folder.root) {
    throw new ForgeError(
      `run ${folder.id} was made for ${plan.root}, and this is ${folder.root}: a project that was moved or copied can't go on with it; start again with \`forge apply\``,
      ExitCode.invalid,
    );
  }
  const tasks = selectTasks(plan, request.tasks);
  const done = changes.redo
    ? new Map<string, Changeset>()
    : await keptChangesets(folder, tasks, progress.done);
  const base = await loadBase(folder.base, ownedByAny(plan, tasks));
  return {
    plan,
    request,
    tasks,
    folder,
    journal: new Journal(folder.journal, folder.id, progress.lastSeq),
    base,
    chosen: await backendForRun(folder, request, base, note),
    done,
  };
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
    if (isKept) done.set(task.id, await loadKept(dir, task.id));
  }
  return done;
}

async function loadKept(dir: string, task: string): Promise<Changeset> {
  try {
    return await loadChangeset(dir);
  } catch (error) {
    throw new ForgeError(
      `${(error as Error).message}; to have ${task} run again, remove ${dir} and \`forge resume\``,
    );
  }
}

function withoutUndefined<T extends object>(value: T): Partial<T> {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as Partial<T>;
}
