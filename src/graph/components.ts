import type { Adjacency } from './adjacency.js';

/** Strongly connected components. Component numbers are a depth-first postorder: every edge between two goes to a smaller number. */
export interface Components {
  readonly count: number;
  readonly of: Uint32Array;
}

/** Takes the neighbours of every node; gives the strongly connected component of each (Tarjan 1972, with a stack of its own). */
export function components({ size, starts, targets }: Adjacency): Components {
  const of = new Uint32Array(size);
  const low = new Uint32Array(size);
  /** 0 = not seen, otherwise 1 + the time it was first seen. */
  const index = new Uint32Array(size);
  const open = new Uint8Array(size);
  const next = starts.slice(0, size);
  const path: number[] = [];
  const pending: number[] = [];
  let time = 0;
  let count = 0;
  const enter = (node: number) => {
    time += 1;
    index[node] = time;
    low[node] = time;
    open[node] = 1;
    path.push(node);
    pending.push(node);
  };
  for (let root = 0; root < size; root += 1) {
    if (index[root]) continue;
    enter(root);
    while (path.length > 0) {
      const node = path[path.length - 1]!;
      const edge = next[node]!;
      if (edge < starts[node + 1]!) {
        next[node] = edge + 1;
        const target = targets[edge]!;
        if (!index[target]) enter(target);
        else if (open[target]) low[node] = Math.min(low[node]!, index[target]!);
        continue;
      }
      path.pop();
      const parent = path[path.length - 1];
      if (parent !== undefined) low[parent] = Math.min(low[parent]!, low[node]!);
      if (low[node] !== index[node]) continue;
      let member: number;
      do {
        member = pending.pop()!;
        open[member] = 0;
        of[member] = count;
      } while (member !== node);
      count += 1;
    }
  }
  return { count, of };
}
