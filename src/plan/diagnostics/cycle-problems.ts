import { findCycles } from '../../graph/index.js';
import type { Task, TaskEdge } from '../plan.js';
import type { Finding } from './problems.js';

/** A `cycle` for every circle of tasks that wait for each other. */
export function findCycleProblems(tasks: readonly Task[], edges: readonly TaskEdge[]): Finding[] {
  const ids = tasks.map((task) => task.id);
  return findCycles(ids, edges).map((cycle) => {
    // Told in the direction in which tasks wait, which is how a plan is written.
    const waits = cycle.toReversed();
    const names = [...waits.map((edge) => edge.to), waits[0]!.to];
    return {
      code: 'cycle',
      message:
        waits.length === 1
          ? `\`${names[0]}\` waits for itself`
          : `tasks that wait for each other can never start: ${names.join(' → ')}`,
      at: waits[0]!.at,
      related: waits.map((edge) => ({ at: edge.at, message: reason(edge) })),
      tasks: names.slice(0, -1),
      hint: 'take one of these out, or narrow the pattern',
    };
  });
}

function reason(edge: TaskEdge): string {
  switch (edge.reason) {
    case 'needs':
      return `\`${edge.to}\` needs \`${edge.from}\``;
    case 'reads': {
      const line = edge.owned.at.line;
      return `\`${edge.to}\` reads ${JSON.stringify(edge.pattern.text)}, of which \`${edge.from}\` owns ${JSON.stringify(edge.owned.text)} (line ${line})`;
    }
    default:
      return edge satisfies never;
  }
}
