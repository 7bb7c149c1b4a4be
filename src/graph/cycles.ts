import { adjacency, type Edge } from './adjacency.js';
import { components } from './components.js';

/** More cycles than this in one plan help nobody. */
const ENOUGH = 20;

/**
 * What keeps tasks (ids in plan order) from ever starting: cycles, each as its edges in order (`to` of one is `from` of
 * the next, the last leads back to the first task). No two of them share an edge, and unless there are more than 20,
 * leaving out all their edges would leave no cycle. Each is a shortest one through its first task.
 */
export function findCycles<E extends Edge>(ids: readonly string[], edges: readonly E[]): E[][] {
  const cycles: E[][] = [];
  let left = edgesOnCycles(ids, edges);
  while (left.length > 0 && cycles.length < ENOUGH) {
    const cycle = shortestCycle(ids, left);
    cycles.push(cycle);
    const used = new Set(cycle);
    left = edgesOnCycles(
      ids,
      left.filter((edge) => !used.has(edge)),
    );
  }
  return cycles;
}

/** The edges that lie on a cycle: those inside a strongly connected component. */
function edgesOnCycles<E extends Edge>(ids: readonly string[], edges: readonly E[]): E[] {
  const number = new Map(ids.map((id, index) => [id, index]));
  const from = edges.map((edge) => number.get(edge.from)!);
  const to = edges.map((edge) => number.get(edge.to)!);
  const { of } = components(adjacency(ids.length, from, to));
  return edges.filter((_, index) => of[from[index]!] === of[to[index]!]);
}

/** A shortest cycle through the first task that has one; every edge given must lie on a cycle. */
function shortestCycle<E extends Edge>(ids: readonly string[], edges: readonly E[]): E[] {
  const outgoing = new Map<string, E[]>();
  for (const edge of edges) {
    const list = outgoing.get(edge.from);
    if (list === undefined) outgoing.set(edge.from, [edge]);
    else list.push(edge);
  }
  const start = ids.find((id) => outgoing.has(id))!;
  const cameBy = new Map<string, E>();
  const queue = [start];
  for (const id of queue) {
    for (const edge of outgoing.get(id) ?? []) {
      if (cameBy.has(edge.to)) continue;
      cameBy.set(edge.to, edge);
      if (edge.to === start) return pathBack(start, cameBy);
      queue.push(edge.to);
    }
  }
  throw new Error(`no cycle leads through ${start}`);
}

function pathBack<E extends Edge>(start: string, cameBy: ReadonlyMap<string, E>): E[] {
  const cycle: E[] = [];
  let id = start;
  do {
    const edge = cameBy.get(id)!;
    cycle.unshift(edge);
    id = edge.from;
  } while (id !== start);
  return cycle;
}
