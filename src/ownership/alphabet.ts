import type { CharSet } from './char-set.js';

/**
 * Classes of characters that a group of sets cannot tell apart, so that an automaton over 65,536 code units works
 * with a few symbols. `members[set][class]` is 1 when the class lies in the set.
 */
export interface Alphabet {
  size: number;
  /** First code unit of each interval of code units that are in one class, ascending, and the classes. */
  cuts: Uint32Array;
  classes: Uint16Array;
  members: readonly Uint8Array[];
}

/**
 * Takes sets; gives the alphabet of what they tell apart. Partition refinement: each set splits the classes that it
 * holds a part of, which costs as many steps as the set has intervals.
 */
export function makeAlphabet(sets: readonly CharSet[]): Alphabet {
  const edges = new Set<number>([0]);
  for (const set of sets) {
    for (let i = 0; i < set.length; i += 2) {
      edges.add(set[i]!);
      if (set[i + 1]! < 0xffff) edges.add(set[i + 1]! + 1);
    }
  }
  const cuts = Uint32Array.from(edges).sort();
  const classes = new Uint16Array(cuts.length);
  const sizes = [cuts.length];
  for (const set of sets) refine(classes, sizes, intervalsIn(set, cuts));
  const members = sets.map((set) => {
    const flags = new Uint8Array(sizes.length);
    for (const place of intervalsIn(set, cuts)) flags[classes[place]!] = 1;
    return flags;
  });
  return { size: sizes.length, cuts, classes, members };
}

/** The places of the intervals that lie in a set. */
function intervalsIn(set: CharSet, cuts: Uint32Array): number[] {
  const places: number[] = [];
  for (let i = 0; i < set.length; i += 2) {
    const to = set[i + 1]!;
    for (let place = placeOf(cuts, set[i]!); place < cuts.length && cuts[place]! <= to; place += 1) {
      places.push(place);
    }
  }
  return places;
}

/** Gives the intervals at `places` classes of their own, where others share their class. */
function refine(classes: Uint16Array, sizes: number[], places: readonly number[]): void {
  const counts = new Map<number, number>();
  for (const place of places) counts.set(classes[place]!, (counts.get(classes[place]!) ?? 0) + 1);
  const split = new Map<number, number>();
  for (const [old, count] of counts) {
    if (count === sizes[old]) continue;
    sizes[old] = sizes[old]! - count;
    split.set(old, sizes.push(count) - 1);
  }
  if (split.size === 0) return;
  for (const place of places) classes[place] = split.get(classes[place]!) ?? classes[place]!;
}

/** Takes an alphabet and a code unit; gives its class. */
export function classOf(alphabet: Alphabet, code: number): number {
  return alphabet.classes[placeOf(alphabet.cuts, code)]!;
}

/** The place of the interval that holds a code unit. */
function placeOf(cuts: Uint32Array, code: number): number {
  let low = 0;
  let high = cuts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (cuts[middle]! <= code) low = middle;
    else high = middle - 1;
  }
  return low;
}
