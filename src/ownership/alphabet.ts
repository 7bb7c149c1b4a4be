import { type CharSet, hasChar } from './char-set.js';

/**
 * Classes of characters that a group of sets cannot tell apart, so that an automaton over 65,536 code units works
 * with a few symbols. `members[set][class]` is 1 when the class lies in the set.
 */
export interface Alphabet {
  size: number;
  /** First code unit of each interval of code units that are in one class, ascending, and the classes. */
  cuts: readonly number[];
  classes: readonly number[];
  members: readonly Uint8Array[];
}

/** Takes sets; gives the alphabet of what they tell apart. */
export function makeAlphabet(sets: readonly CharSet[]): Alphabet {
  const edges = new Set<number>([0]);
  for (const set of sets) {
    for (let i = 0; i < set.length; i += 2) {
      edges.add(set[i]!);
      if (set[i + 1]! < 0xffff) edges.add(set[i + 1]! + 1);
    }
  }
  const cuts = [...edges].sort((a, b) => a - b);
  const known = new Map<string, number>();
  const classes = cuts.map((cut) => {
    let signature = '';
    for (const set of sets) signature += hasChar(set, cut) ? '1' : '0';
    const found = known.get(signature) ?? known.size;
    known.set(signature, found);
    return found;
  });
  const signatures = [...known.keys()];
  const members = sets.map((_, set) => Uint8Array.from(signatures, (text) => (text[set] === '1' ? 1 : 0)));
  return { size: known.size, cuts, classes, members };
}

/** Takes an alphabet and a code unit; gives its class. */
export function classOf(alphabet: Alphabet, code: number): number {
  const { cuts, classes } = alphabet;
  let low = 0;
  let high = cuts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (cuts[middle]! <= code) low = middle;
    else high = middle - 1;
  }
  return classes[low]!;
}
