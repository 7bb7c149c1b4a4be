import type { Adjacency } from './adjacency.js';

export interface Components {
  /** The number of every node's component: every edge between two components goes to the smaller number. */
  readonly of: Uint32Array;
  /** All nodes, by component: each after what it leads to, otherwise in the order of their numbers. */
  readonly order: Uint32Array;
}

/**
 * Strongly connected components in depth-first postorder, by Tarjan ("Depth-first search and linear graph algorithms",
 * 1972) with a stack of its own: a chain of 10,000 nodes would overflow the call stack.
 */
export function components({ size, starts, targets }: Adjacency): Components {
  const of = new Uint32Array(size);
  const order = new Uint32Array(size);
  const low = new Uint32Array(size);
  /** 0 = not seen, otherwise 1 + the time it was first seen. */
  const index = new Uint32Array(size);
  const open = new Uint8Array(size);
  const next = starts.slice(0, size);
  const path: number[] = [];
  const pending: number[] = [];
  let time = 0;
  let count = 0;
  let done = 0;
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
        order[done] = member;
        done += 1;
      } while (member !== node);
      count += 1;
    }
  }
  return { of, order };
}
