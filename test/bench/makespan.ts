import { TaskGraph } from '../../src/graph/index.js';
import { Scheduler } from '../../src/run/schedule/scheduler.js';

/**
 * How much longer than the lower bound max(critical path, work / N) the scheduler's plan takes on average, over random
 * DAGs of 20 to 200 tasks with durations from 1 to 100 and 2 to 16 at once. Durations are known, as estimates are after
 * a first run. Deterministic.
 */
export function scheduleRatio(graphs: number): number {
  const random = generator(42);
  let sum = 0;
  for (let index = 0; index < graphs; index += 1) sum += oneRatio(random);
  return sum / graphs;
}

function oneRatio(random: () => number): number {
  const size = 20 + Math.floor(random() * 180);
  const concurrency = 2 + Math.floor(random() * 15);
  const density = random() * 3;
  const tasks = Array.from({ length: size }, (_, index) => ({
    id: `t${index}`,
    estimate: 1 + Math.floor(random() * 100),
  }));
  const prerequisites = tasks.map((_, index) => {
    const count = index === 0 ? 0 : Math.floor(random() * density);
    return [...new Set(Array.from({ length: count }, () => `t${Math.floor(random() * index)}`))];
  });
  const at = { file: '', line: 1, column: 1, endLine: 1, endColumn: 1 };
  const edges = prerequisites.flatMap((needed, index) =>
    needed.map((from) => ({ from, to: `t${index}`, reason: 'needs' as const, at })),
  );
  const priorities = new TaskGraph({ tasks, edges }).priorities();
  const scheduler = new Scheduler(
    tasks.map(({ id }, index) => ({
      id,
      prerequisites: prerequisites[index]!,
      priority: priorities.get(id)!,
      locks: [],
    })),
    { concurrency, locks: {} },
  );
  const duration = new Map(tasks.map(({ id, estimate }) => [id, estimate]));
  const running: { id: string; ends: number }[] = [];
  let now = 0;
  while (!scheduler.finished) {
    for (const id of scheduler.decide().start) running.push({ id, ends: now + duration.get(id)! });
    running.sort((a, b) => a.ends - b.ends);
    const next = running.shift()!;
    now = next.ends;
    scheduler.ended(next.id, true);
  }
  const work = tasks.reduce((sum, { estimate }) => sum + estimate, 0);
  return now / Math.max(Math.max(...priorities.values()), work / concurrency);
}

/** mulberry32, a small generator that gives the same numbers everywhere. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
