/** An order between two tasks: `from` must finish before `to` starts. */
export interface Edge {
  readonly from: string;
  readonly to: string;
}

/** Neighbours of every node in one flat array: those of node `n` are `targets[starts[n]]` to `targets[starts[n + 1] - 1]`. */
export interface Adjacency {
  readonly size: number;
  readonly starts: Uint32Array;
  readonly targets: Uint32Array;
}

/** The neighbours of `size` nodes, edge i going from `from[i]` to `to[i]`, in the order in which the edges were given. */
export function adjacency(size: number, from: ArrayLike<number>, to: ArrayLike<number>): Adjacency {
  const starts = new Uint32Array(size + 1);
  for (let edge = 0; edge < from.length; edge += 1) starts[from[edge]! + 1]! += 1;
  for (let node = 0; node < size; node += 1) starts[node + 1]! += starts[node]!;
  const next = starts.slice();
  const targets = new Uint32Array(from.length);
  for (let edge = 0; edge < from.length; edge += 1) {
    const node = from[edge]!;
    targets[next[node]!] = to[edge]!;
    next[node]! += 1;
  }
  return { size, starts, targets };
}

/** The neighbours of one node. */
export function neighbours({ starts, targets }: Adjacency, node: number): Uint32Array {
  return targets.subarray(starts[node]!, starts[node + 1]!);
}
