import type { Adjacency } from './adjacency.js';
import { components } from './components.js';

/** Says whether a path of edges leads from one node to another, or both lie on a common cycle. A node reaches itself. */
export type Reaches = (from: number, to: number) => boolean;

/**
 * Takes the neighbours of every node; gives an oracle for "a path leads from a to b".
 *
 * Components are numbered in depth-first postorder, so that what one reaches is usually a few runs of consecutive
 * numbers (a single one in a tree or a chain): the tree cover of Agrawal, Borgida and Jagadish, "Efficient management
 * of transitive relationships" (SIGMOD 1989). Where runs would be larger than a bitset, the bitset is kept, so memory
 * never exceeds n²/8 bytes (12.5 MB for 10,000 tasks) and is near-linear for the graphs that people write.
 */
export function reachability(graph: Adjacency): Reaches {
  const { count, of } = components(graph);
  const reached = reachedComponents(graph, of, count);
  return (from, to) => {
    const source = of[from]!;
    const target = of[to]!;
    if (target >= source) return target === source;
    const set = reached[source];
    if (set === undefined) return false;
    return set.bits === undefined
      ? inRuns(set.runs, target)
      : (set.bits[target >>> 5]! >>> (target & 31)) % 2 === 1;
  };
}

/** Component numbers, either as sorted runs `[first, last, first, last, ...]` or as bits. */
type NumberSet = { runs: Uint32Array; bits?: undefined } | { bits: Uint32Array; runs?: undefined };

function reachedComponents(
  { size, starts, targets }: Adjacency,
  of: Uint32Array,
  count: number,
): (NumberSet | undefined)[] {
  const successors: (Set<number> | undefined)[] = new Array(count);
  for (let node = 0; node < size; node += 1) {
    const source = of[node]!;
    for (let edge = starts[node]!; edge < starts[node + 1]!; edge += 1) {
      const target = of[targets[edge]!]!;
      if (target === source) continue;
      successors[source] ??= new Set();
      successors[source].add(target);
    }
  }
  const reached: (NumberSet | undefined)[] = new Array(count);
  const scratch = new Uint32Array((count + 31) >>> 5);
  for (let component = 0; component < count; component += 1) {
    const next = successors[component];
    if (next === undefined) continue;
    const words = (component + 32) >>> 5;
    scratch.fill(0, 0, words);
    // Largest first: what it reaches often covers the others, which are then skipped.
    for (const target of [...next].sort((a, b) => b - a)) {
      if ((scratch[target >>> 5]! >>> (target & 31)) % 2 === 1) continue;
      const set = reached[target];
      if (set === undefined) fill(scratch, target, target);
      else if (set.bits === undefined)
        for (let i = 0; i < set.runs.length; i += 2) fill(scratch, set.runs[i]!, set.runs[i + 1]!);
      else for (let word = 0; word < set.bits.length; word += 1) scratch[word]! |= set.bits[word]!;
    }
    fill(scratch, component, component);
    const runs = runsOf(scratch, words);
    reached[component] = runs === undefined ? { bits: scratch.slice(0, words) } : { runs };
  }
  return reached;
}

/** Sets the bits `first` to `last`. */
function fill(bits: Uint32Array, first: number, last: number): void {
  const firstWord = first >>> 5;
  const lastWord = last >>> 5;
  const head = 0xffffffff << (first & 31);
  const tail = 0xffffffff >>> (31 - (last & 31));
  if (firstWord === lastWord) {
    bits[firstWord]! |= head & tail;
    return;
  }
  bits[firstWord]! |= head;
  bits.fill(0xffffffff, firstWord + 1, lastWord);
  bits[lastWord]! |= tail;
}

/** The runs of the set bits of the first `words` words, or undefined when they would take more room than the bits. */
function runsOf(bits: Uint32Array, words: number): Uint32Array | undefined {
  const runs: number[] = [];
  let previous = 0;
  for (let word = 0; word < words; word += 1) {
    const value = bits[word]!;
    // A bit is set where a run starts or where one has just ended.
    let changes = (value ^ ((value << 1) | previous)) >>> 0;
    while (changes !== 0) {
      const bit = 31 - Math.clz32(changes & -changes);
      const at = word * 32 + bit;
      runs.push(runs.length % 2 === 0 ? at : at - 1);
      changes &= changes - 1;
    }
    previous = value >>> 31;
    if (runs.length > words) return undefined;
  }
  if (runs.length % 2 === 1) runs.push(words * 32 - 1);
  return Uint32Array.from(runs);
}

/** Whether `value` lies in one of the sorted runs. */
function inRuns(runs: Uint32Array, value: number): boolean {
  let low = 0;
  let high = runs.length / 2;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (runs[middle * 2 + 1]! < value) low = middle + 1;
    else high = middle;
  }
  return low * 2 < runs.length && runs[low * 2]! <= value;
}
