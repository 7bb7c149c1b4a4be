import { findReaders } from '../ownership/index.js';
import type { Task, TaskEdge } from './plan.js';

/** Every order between two tasks, each pair once, `needs` before `reads`. */
export function findEdges(tasks: readonly Task[], caseInsensitive: boolean): TaskEdge[] {
  const edges: TaskEdge[] = [];
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
