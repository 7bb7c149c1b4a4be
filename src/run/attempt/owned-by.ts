import { createMatcher, type PathMatcher } from '../../ownership/index.js';
import type { Plan, Task } from '../../plan/index.js';

/** Whether a path is the task's to write. */
export function ownedBy(plan: Pick<Plan, 'caseInsensitive'>, task: Pick<Task, 'owns'>): PathMatcher {
  return createMatcher(
    task.owns.map(({ text }) => text),
    { caseInsensitive: plan.caseInsensitive },
  );
}

/** Whether a path is any of the tasks' to write. */
export function ownedByAny(
  plan: Pick<Plan, 'caseInsensitive'>,
  tasks: readonly { task: Pick<Task, 'owns'> }[],
): PathMatcher {
  const matchers = tasks.map(({ task }) => ownedBy(plan, task));
  return (path) => matchers.some((owned) => owned(path));
}
