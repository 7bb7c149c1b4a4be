import type { Adjacency } from './adjacency.js';

/**
 * Takes the direct prerequisites of every node; gives all nodes so that each comes after its prerequisites, otherwise
 * in the order of their numbers, as make would: a node is preceded by just what it needs. With cycles every node is
 * still listed once, but the order means nothing inside a cycle.
 */
export function topologicalOrder({ size, starts, targets }: Adjacency): Uint32Array {
  const order = new Uint32Array(size);
  const next = starts.slice(0, size);
  const seen = new Uint8Array(size);
  // A stack of our own: a chain of 10,000 tasks would overflow the call stack.
  const stack: number[] = [];
  let length = 0;
  for (let root = 0; root < size; root += 1) {
    if (seen[root]) continue;
    seen[root] = 1;
    stack.push(root);
    while (stack.length > 0) {
      const node = stack[stack.length - 1]!;
      const edge = next[node]!;
      if (edge < starts[node + 1]!) {
        next[node] = edge + 1;
        const target = targets[edge]!;
        if (!seen[target]) {
          seen[target] = 1;
          stack.push(target);
        }
      } else {
        stack.pop();
        order[length] = node;
        length += 1;
      }
    }
  }
  return order;
}
