import { TaskGraph } from '../../graph/index.js';
import type { Plan, Task } from '../../plan/index.js';
import { invalid } from '../../util/errors.js';
import { median } from '../../util/median.js';
import { nearestName } from '../../util/text/nearest-name.js';
import { estimatesOf } from './estimates.js';
import type { Schedulable } from './scheduler.js';

/** A task that is to run, with its place in the order. */
export interface SelectedTask extends Schedulable {
  task: Task;
  /** Everything that comes before it, in topological order: its workspace holds their changes. */
  startsFrom: readonly string[];
  /** How long it is expected to take, in milliseconds. */
  estimate?: number;
}

/**
 * The tasks named and everything they need, all tasks when none is named; in topological order. The name of a task
 * with `split` stands for all its parts.
 * @throws ForgeError (2) for a name that is no task
 */
export function selectTasks(plan: Plan, named: readonly string[]): SelectedTask[] {
  const byId = new Map(plan.tasks.map((task) => [task.id, task]));
  const names = named.flatMap((name) => {
    const parts = plan.tasks.filter(({ part }) => part?.of === name).map(({ id }) => id);
    return parts.length > 0 ? parts : [name];
  });
  for (const name of names) {
    if (byId.has(name)) continue;
    const meant = nearestName(name, [...byId.keys()]);
    throw invalid(`the plan has no task ${name}${meant ? `; did you mean ${meant}?` : ''}`);
  }
  const graph = new TaskGraph(plan);
  const estimates = estimatesOf(plan);
  // A task of which nothing is known weighs as much as the others do.
  const usual = median([...estimates.values()]) ?? 1;
  const priorities = graph.priorities((id) => estimates.get(id) ?? usual);
  const ids = names.length === 0 ? graph.order() : graph.select(names);
  return ids.map((id) => ({
    id,
    task: byId.get(id)!,
    prerequisites: graph.directPrerequisites(id),
    startsFrom: graph.prerequisites(id),
    priority: priorities.get(id)!,
    locks: byId.get(id)!.locks,
    estimate: estimates.get(id),
  }));
}
