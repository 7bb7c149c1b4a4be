import { isOver, type RunView, type TaskView } from '../../journal/index.js';

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

/**
 * Takes a view and the time now (milliseconds since 1970); gives how far the run is. A task is expected to take its
 * `estimate`, else the median of the tasks that succeeded. The time left is the usual lower bound of list scheduling
 * (Graham 1966): the longest chain of what is left, or all of it shared over `concurrency`, whichever is longer.
 */
export function progressOf(view: RunView, now: number): Progress {
  const files = filesOf(view);
  return {
    ...progressInTime(view, now),
    ...(files && { files, fraction: Math.min(files.done / files.total, 0.99) }),
  };
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
  const median = medianDuration(view);
  const left = new Map<string, number>();
  let done = 0;
  let spent = 0;
  let all = 0;
  let known = true;
  for (const task of view.tasks.values()) {
    if (isOver(task.status)) {
      done += 1;
      const weight = task.status === 'succeeded' || task.status === 'failed' ? (task.ms ?? 0) : 0;
      spent += weight;
      all += weight;
      continue;
    }
    const expected = task.estimate ?? median;
    if (expected === undefined) {
      known = false;
      continue;
    }
    const elapsed = Math.min(elapsedOf(task, now), expected * MOST_OF_A_RUNNING_TASK);
    spent += elapsed;
    all += expected;
    left.set(task.id, expected - elapsed);
  }
  if (done === total) return { done, total, fraction: 1 };
  if (!known || all === 0) return { done, total, fraction: done / total };
  const work = [...left.values()].reduce((sum, ms) => sum + ms, 0);
  const remainingMs = Math.max(longestChain(view, left), work / Math.max(1, view.concurrency));
  return { done, total, fraction: Math.min(spent / all, 0.99), remainingMs };
}

/** Takes a task and the time now; gives how long its current attempt has been running, 0 when none is. */
export function elapsedOf(task: TaskView, now: number): number {
  return task.status === 'running' ? Math.max(0, now - (task.attemptStartedAt ?? now)) : 0;
}

function medianDuration(view: RunView): number | undefined {
  const times = [...view.tasks.values()]
    .filter((task) => task.status === 'succeeded' && task.ms !== undefined)
    .map((task) => task.ms!)
    .sort((a, b) => a - b);
  const middle = times.length >> 1;
  return times.length % 2 === 1
    ? times[middle]
    : times.length === 0
      ? undefined
      : (times[middle - 1]! + times[middle]!) / 2;
}

/** Longest sum of times along `needs` (Kahn's order, so that a chain of any length fits the stack). */
function longestChain(view: RunView, left: ReadonlyMap<string, number>): number {
  const dependents = new Map<string, string[]>();
  const missing = new Map<string, number>();
  const ready: string[] = [];
  for (const id of left.keys()) {
    const needs = view.tasks.get(id)!.needs.filter((need) => left.has(need));
    missing.set(id, needs.length);
    if (needs.length === 0) ready.push(id);
    for (const need of needs) {
      const list = dependents.get(need);
      if (list) list.push(id);
      else dependents.set(need, [id]);
    }
  }
  const starts = new Map<string, number>();
  let longest = 0;
  for (let id = ready.pop(); id !== undefined; id = ready.pop()) {
    const end = (starts.get(id) ?? 0) + left.get(id)!;
    longest = Math.max(longest, end);
    for (const next of dependents.get(id) ?? []) {
      starts.set(next, Math.max(starts.get(next) ?? 0, end));
      missing.set(next, missing.get(next)! - 1);
      if (missing.get(next) === 0) ready.push(next);
    }
  }
  return longest;
}
