import type { MatchOptions, Pattern } from '../pattern/pattern.js';
import { CandidatePairs, type PatternPair } from './candidate-pairs.js';
import { Interner, type PatternSet } from './interner.js';
import { type Intersection, Intersections, relevant } from './intersections.js';
import { suggestExclusion } from './suggest-exclusion.js';

/** Two sets that share a path, or may. */
export interface Overlap {
  /** Indexes of the sets. */
  a: number;
  b: number;
  /** Indexes of one overlapping pair of patterns in their sets. */
  patternA: number;
  patternB: number;
  /** One path that both sets claim. Undefined when it could not be decided. */
  witness?: string;
  /** Why it could not be decided. */
  undecided?: string;
  /** A `!pattern` to add to one of the sets that would separate them, where a simple one exists. */
  separating?: string;
  /** Which of the two sets `separating` is to be added to. */
  separatingSet?: 'a' | 'b';
}

/** More overlaps than anyone reads; the plan is refused for the first. */
export const OVERLAP_LIMIT = 1000;
/** Separating patterns are looked for in so many overlaps, the ones a reader sees. */
const SEPARATED = 100;

type PairOptions = MatchOptions & {
  skip: (a: number, b: number) => boolean;
  /** Says of sets that every two of them are to be skipped, where that is found faster than pair by pair. */
  skipAmong?: (sets: readonly number[]) => boolean;
};

/**
 * The pairs of sets `a < b` that share a path and for which `skip(a, b)` is false, each pair once with one pair of its
 * patterns, in the order of a and then b. Exact: a pair that is not reported shares no path, a pair reported with a
 * witness does, and one that could not be decided says why.
 *
 * At most `limit` (1000) overlaps are given: when a pattern such as `**` is in every one of 10,000 sets, the 50
 * million overlaps are no more use than the first.
 */
export function findOverlaps(
  sets: readonly (readonly string[])[],
  options: PairOptions & { limit?: number },
): Overlap[] {
  const interner = new Interner(options.caseInsensitive === true);
  const interned = sets.map((set) => interner.set(set));
  const intersections = new Intersections(interner.caseInsensitive);
  const limit = options.limit ?? OVERLAP_LIMIT;
  const overlaps: Overlap[] = [];
  for (const pair of sharedPairs(interned, interned, intersections, options)) {
    const overlap = toOverlap(pair);
    if (pair.found.state === 'shared') {
      overlap.witness = insideFolders(pair, interner, intersections) ?? pair.found.witness;
      if (overlaps.length < SEPARATED) {
        const [a, b] = [interned[pair.a]!, interned[pair.b]!];
        Object.assign(overlap, suggestExclusion(a, b, pair.x, pair.y, intersections));
      }
    }
    if (overlaps.push(overlap) >= limit) break;
  }
  return overlaps;
}

/**
 * Every pair of a reader (`a`) and a writer (`b`) that share a path and for which `skip(a, b)` is false, each once, in
 * the order of a and then b. Pairs that could not be decided are among them.
 */
export function findReaders(
  readers: readonly (readonly string[])[],
  writers: readonly (readonly string[])[],
  options: PairOptions,
): Overlap[] {
  const interner = new Interner(options.caseInsensitive === true);
  const reading = readers.map((set) => interner.set(set));
  const writing = writers.map((set) => interner.set(set));
  const intersections = new Intersections(interner.caseInsensitive);
  return Array.from(sharedPairs(reading, writing, intersections, options), toOverlap);
}

interface SharedPair extends PatternPair {
  a: number;
  b: number;
  subtracts: readonly Pattern[];
  found: Exclude<Intersection, { state: 'apart' }>;
}

/**
 * A path inside the folder where a pattern is one: `src/**` matches `src` too, which is a poor example of what two tasks
 * may both write.
 */
function insideFolders(
  { x, y, subtracts, found }: SharedPair,
  interner: Interner,
  intersections: Intersections,
): string | undefined {
  const insides = [x, y].flatMap(({ text }) =>
    text.endsWith('/**') ? interner.pattern(text.slice(0, -2)) : [],
  );
  if (found.state !== 'shared' || insides.every((pattern) => pattern.names(found.witness))) return undefined;
  const inside = intersections.search([x, y, ...insides], subtracts);
  return inside.state === 'shared' ? inside.witness : undefined;
}

function toOverlap({ a, b, atA, atB, found }: SharedPair): Overlap {
  const pair = { a, b, patternA: atA, patternB: atB };
  return found.state === 'shared'
    ? { ...pair, witness: found.witness }
    : { ...pair, undecided: found.reason };
}

/** Every pair of a set on the left and one on the right that share a path, found through an index of the right. */
function* sharedPairs(
  left: readonly PatternSet[],
  right: readonly PatternSet[],
  intersections: Intersections,
  { skip, skipAmong }: PairOptions,
): Generator<SharedPair> {
  const candidates = new CandidatePairs(right, left === right, left === right ? skipAmong : undefined);
  for (const [a, set] of left.entries()) {
    for (const { b, pairs } of candidates.of(a, set, skip)) {
      const other = right[b]!.subtracts;
      const subtracts = set.subtracts.length === 0 ? other : [...set.subtracts, ...other];
      const found = firstShared(a, b, pairs, subtracts, intersections);
      if (found !== undefined) yield found;
    }
  }
}

/** The first pair of patterns that share a path; failing that, the first for which it could not be decided. */
function firstShared(
  a: number,
  b: number,
  pairs: readonly PatternPair[],
  subtracts: readonly Pattern[],
  intersections: Intersections,
): SharedPair | undefined {
  let undecided: SharedPair | undefined;
  for (const pair of pairs) {
    const taken = relevant(pair.x, pair.y, subtracts);
    const found = intersections.of(pair.x, pair.y, taken);
    if (found.state === 'apart') continue;
    const shared = { a, b, ...pair, subtracts: taken, found };
    if (found.state === 'shared') return shared;
    undecided ??= shared;
  }
  return undecided;
}
