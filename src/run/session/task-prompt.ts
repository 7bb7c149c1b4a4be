import { type OtherTask, renderPrompt } from '../../agents/index.js';
import type { Plan, Task } from '../../plan/index.js';
import type { AttemptResult } from '../attempt/executor.js';

/** What an agent is told in an attempt at a task: what others do now, and what went wrong `last` time. Empty for commands. */
export function promptFor(
  task: Task,
  { goal, gates }: Pick<Plan, 'goal' | 'gates'>,
  all: readonly { task: Task }[],
  stateOf: (id: string) => OtherTask['state'],
  last: AttemptResult | undefined,
): string {
  if (task.prompt === undefined) return '';
  const others = all.filter((other) => other.task.id !== task.id);
  return renderPrompt({
    id: task.id,
    prompt: task.prompt,
    owns: task.owns.map(({ text }) => text),
    reads: task.reads.map(({ text }) => text),
    others: others.map(({ task: { id, description, owns } }) => ({
      id,
      description,
      owns: owns.map(({ text }) => text),
      state: stateOf(id),
    })),
    gates: gates.map(({ name, run }) => ({ name, run })),
    goal,
    description: task.description,
    verify: task.verify,
    previous: last,
  });
}
