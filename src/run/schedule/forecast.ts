import { Scheduler } from './scheduler.js';
import type { SelectedTask } from './select-tasks.js';

/** How long tasks are expected to take, in milliseconds. */
export interface Forecast {
  /** At most `concurrency` at once. */
  parallelMs: number;
  /** One after another. */
  serialMs: number;
}

/**
 * How long tasks (in topological order) should take, by playing the run through with the scheduler that will run them:
 * at most `concurrency` at once, `locks` with their capacity. Undefined unless every task has an estimate.
 */
export function forecast(
  tasks: readonly SelectedTask[],
  concurrency: number,
  locks: Readonly<Record<string, number>>,
): Forecast | undefined {
  const estimates = new Map(
    tasks.flatMap(({ id, estimate }) => (estimate === undefined ? [] : [[id, estimate]])),
  );
  if (tasks.length === 0 || estimates.size < tasks.length) return undefined;
  const scheduler = new Scheduler(tasks, { concurrency, locks });
  const running = new Map<string, number>();
  let now = 0;
  while (!scheduler.finished) {
    for (const id of scheduler.decide().start) running.set(id, now + estimates.get(id)!);
    const [id, end] = [...running].reduce((first, other) => (other[1] < first[1] ? other : first));
    now = end;
    running.delete(id);
    scheduler.ended(id, true);
  }
  return { parallelMs: now, serialMs: [...estimates.values()].reduce((sum, ms) => sum + ms, 0) };
}
