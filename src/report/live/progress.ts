import { TaskGraph } from '../../graph/index.js';
import { isOver, type RunView, type TaskView } from '../../journal/index.js';
import { median } from '../../util/median.js';

/** How far a run is. `fraction` is between 0 and 1; `remainingMs` is missing when nothing is known about durations. */
export interface Progress {
  done: number;
  total: number;
  fraction: number;
  remainingMs?: number;
  /** How many of the files that tasks with `split` work through are done; only while nothing else is running. */
  files?: { done: number; total: number };
}

/** How much of its expected time a running task can count for: it is not done before it says so. */
const MOST_OF_A_RUNNING_TASK = 0.95;

/** A run that is not over never shows more. */
const MOST_OF_A_RUN = 0.99;

/**
 * How far a run is at a time (milliseconds since 1970). A task is expected to take its `estimate`, else the median of the
 * tasks that succeeded. The time left is the usual lower bound of list scheduling (Graham 1966): the longest chain of
 * what is left, or all of it shared over `concurrency`, whichever is longer.
 */
export function progressOf(view: RunView, now: number): Progress {
  const progress = progressInTime(view, now);
  const files = filesOf(view);
  return files
    ? { ...progress, files, fraction: Math.min(files.done / files.total, MOST_OF_A_RUN) }
    : progress;
}

function filesOf(view: RunView): Progress['files'] {
  const tasks = [...view.tasks.values()];
  const running = tasks.filter((task) => task.status === 'running');
  if (running.length === 0 || running.some((task) => task.filesTotal === undefined)) return undefined;
  let done = 0;
  let total = 0;
  for (const { status, filesTotal = 0, filesDone = 0 } of tasks) {
    // A task that succeeded is through with its files, whether or not each had to be changed.
    done += status === 'succeeded' || status === 'up-to-date' ? filesTotal : Math.min(filesDone, filesTotal);
    total += filesTotal;
  }
  return { done, total };
}

function progressInTime(view: RunView, now: number): Progress {
  const total = view.tasks.size;
  const tasks = [...view.tasks.values()];
  const usual = median(
    tasks.flatMap(({ status, ms }) => (status === 'succeeded' && ms !== undefined ? [ms] : [])),
  );
  const left = new Map<string, number>();
  let spent = 0;
  let all = 0;
  let known = true;
  for (const task of tasks) {
    if (isOver(task.status)) {
      const ms = task.status === 'succeeded' || task.status === 'failed' ? (task.ms ?? 0) : 0;
      spent += ms;
      all += ms;
      continue;
    }
    const expected = task.estimate ?? usual;
    known &&= expected !== undefined;
    const elapsed = Math.min(elapsedOf(task, now), (expected ?? 0) * MOST_OF_A_RUNNING_TASK);
    spent += elapsed;
    all += expected ?? 0;
    left.set(task.id, (expected ?? 0) - elapsed);
  }
  const done = total - left.size;
  if (done === total) return { done, total, fraction: 1 };
  if (!known || all === 0) return { done, total, fraction: done / total };
  const work = [...left.values()].reduce((sum, ms) => sum + ms, 0);
  const remainingMs = Math.max(longestChain(view, left), work / Math.max(1, view.concurrency));
  return { done, total, fraction: Math.min(spent / all, MOST_OF_A_RUN), remainingMs };
}

/** How long the current attempt of a task has been running, in milliseconds; 0 when none is. */
export function elapsedOf(task: TaskView, now: number): number {
  return task.status === 'running' ? Math.max(0, now - (task.attemptStartedAt ?? now)) : 0;
}

/** The longest sum of times along `needs`. */
function longestChain(view: RunView, left: ReadonlyMap<string, number>): number {
  const tasks = Array.from(left, ([id, estimate]) => ({ id, estimate }));
  const edges = tasks.flatMap(({ id }) =>
    view.tasks
      .get(id)!
      .needs.filter((need) => left.has(need))
      .map((need) => ({ from: need, to: id })),
  );
  return Math.max(...new TaskGraph({ tasks, edges }).priorities().values());
}
