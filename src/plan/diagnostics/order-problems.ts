import { type Edge, findCycles } from '../../graph/index.js';
import { findReaders } from '../../ownership/index.js';
import type { Task } from '../plan.js';
import type { Diagnostic } from './diagnostic.js';

/** Takes tasks; gives every order between two of them, each pair once, `needs` before `reads`. */
export function findEdges(tasks: readonly Task[], caseInsensitive: boolean): Edge[] {
  const edges: Edge[] = [];
  const known = new Map<string, Set<string>>();
  for (const task of tasks) {
    known.set(task.id, new Set(task.needs.map((need) => need.id)));
    for (const need of task.needs) edges.push({ from: need.id, to: task.id, reason: 'needs', at: need.at });
  }
  const readers = tasks.filter((task) => task.reads.length > 0);
  if (readers.length === 0) return edges;
  const writers = tasks.filter((task) => task.owns.length > 0);
  const texts = (list: Task['owns']) => list.map((pattern) => pattern.text);
  const shared = findReaders(
    readers.map((task) => texts(task.reads)),
    writers.map((task) => texts(task.owns)),
    {
      caseInsensitive,
      skip: (a, b) => readers[a] === writers[b] || known.get(readers[a]!.id)!.has(writers[b]!.id),
    },
  );
  for (const { a, b, patternA, patternB } of shared) {
    const pattern = readers[a]!.reads[patternA]!;
    const owned = writers[b]!.owns[patternB]!;
    edges.push({ from: writers[b]!.id, to: readers[a]!.id, reason: 'reads', at: pattern.at, pattern, owned });
  }
  return edges;
}

/** Takes tasks and the order between them; gives a `cycle` for every circle of tasks that wait for each other. */
export function findCycleProblems(tasks: readonly Task[], edges: readonly Edge[]): Diagnostic[] {
  return findCycles(
    tasks.map((task) => task.id),
    edges,
  ).map((cycle): Diagnostic => {
    // Told in the direction in which tasks wait, which is how a plan is written.
    const waits = cycle.toReversed();
    const names = [...waits.map((edge) => edge.to), waits[0]!.to];
    return {
      code: 'cycle',
      severity: 'error',
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

function reason(edge: Edge): string {
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
