import type { Adjacency } from './adjacency.js';

/**
 * Takes the direct prerequisites of every node, a topological order and each node's weight; gives for each node the
 * weight of the heaviest path that starts with it, its own weight included. Starting the node with the largest figure
 * first is critical-path (highest-level-first) list scheduling.
 */
export function longestPathsToEnd(
  prerequisites: Adjacency,
  order: Uint32Array,
  weight: (node: number) => number,
): Float64Array {
  const after = new Float64Array(prerequisites.size);
  for (let i = order.length - 1; i >= 0; i -= 1) {
    const node = order[i]!;
    const total = after[node]! + weight(node);
    after[node] = total;
    for (let edge = prerequisites.starts[node]!; edge < prerequisites.starts[node + 1]!; edge += 1) {
      const before = prerequisites.targets[edge]!;
      after[before] = Math.max(after[before]!, total);
    }
  }
  return after;
}
