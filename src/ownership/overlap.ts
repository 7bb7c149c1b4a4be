import type { MatchOptions } from './claim.js';
import { type Decision, Decisions, relevant } from './decision.js';
import { Examples } from './examples.js';
import { Meetings, type PatternPair } from './meetings.js';
import { PatternPool, type PooledPattern, type PooledSet } from './pattern-pool.js';
import { findSeparating } from './separating.js';

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
 * Takes sets of patterns as written; gives the pairs of sets `a < b` that share a path and for which `skip(a, b)`
 * is false, each pair once with one pair of its patterns, in the order of a and then b. Exact: a pair that is not
 * reported shares no path, a pair reported with a witness does, and one that could not be decided says why.
 *
 * At most `limit` (1000) overlaps are given: when a pattern such as `**` is in every one of 10,000 sets, the 50
 * million overlaps are no more use than the first. `existing` gives the paths of the tree; it is called at most
 * once, when the first overlap is found, so that the witness can be a real file.
 */
export function findOverlaps(
  sets: readonly (readonly string[])[],
  options: PairOptions & { existing?: () => readonly string[]; limit?: number },
): Overlap[] {
  const caseInsensitive = options.caseInsensitive === true;
  const pool = new PatternPool(caseInsensitive);
  const pooled = sets.map((set) => pool.add(set));
  const decisions = new Decisions(caseInsensitive);
  const examples = new Examples(pool, decisions, caseInsensitive, options.existing);
  const limit = options.limit ?? OVERLAP_LIMIT;
  const overlaps: Overlap[] = [];
  for (const pair of sharedPairs(pooled, pooled, pool, decisions, options)) {
    const overlap = toOverlap(pair);
    if (pair.decision.state === 'shared') {
      overlap.witness = examples.best(pair.x, pair.y, pair.subtracts, pair.decision.witness);
      if (overlaps.length < SEPARATED) {
        Object.assign(overlap, findSeparating(pooled[pair.a]!, pooled[pair.b]!, pair.x, pair.y, decisions));
      }
    }
    if (overlaps.push(overlap) >= limit) break;
  }
  return overlaps;
}

/**
 * Takes the patterns of readers and of writers; gives every pair of a reader (`a`) and a writer (`b`) that share a
 * path and for which `skip(a, b)` is false, each once, in the order of a and then b. Pairs that could not be
 * decided are among them.
 */
export function findReaders(
  readers: readonly (readonly string[])[],
  writers: readonly (readonly string[])[],
  options: PairOptions,
): Overlap[] {
  const caseInsensitive = options.caseInsensitive === true;
  const pool = new PatternPool(caseInsensitive);
  const reading = readers.map((set) => pool.add(set));
  const writing = writers.map((set) => pool.add(set));
  const decisions = new Decisions(caseInsensitive);
  return Array.from(sharedPairs(reading, writing, pool, decisions, options), toOverlap);
}

interface SharedPair extends PatternPair {
  a: number;
  b: number;
  subtracts: readonly PooledPattern[];
  decision: Exclude<Decision, { state: 'apart' }>;
}

function toOverlap({ a, b, atA, atB, decision }: SharedPair): Overlap {
  const pair = { a, b, patternA: atA, patternB: atB };
  return decision.state === 'shared'
    ? { ...pair, witness: decision.witness }
    : { ...pair, undecided: decision.reason };
}

/** Every pair of a set on the left and one on the right that share a path, found through an index of the right. */
function* sharedPairs(
  left: readonly PooledSet[],
  right: readonly PooledSet[],
  pool: PatternPool,
  decisions: Decisions,
  { skip, skipAmong }: PairOptions,
): Generator<SharedPair> {
  const meetings = new Meetings(right, pool, left === right, left === right ? skipAmong : undefined);
  for (const [a, set] of left.entries()) {
    for (const { b, pairs } of meetings.of(a, set, skip)) {
      const other = right[b]!.subtracts;
      const subtracts = set.subtracts.length === 0 ? other : [...set.subtracts, ...other];
      const found = firstShared(a, b, pairs, subtracts, decisions);
      if (found !== undefined) yield found;
    }
  }
}

/** The first pair of patterns that share a path; failing that, the first for which it could not be decided. */
function firstShared(
  a: number,
  b: number,
  pairs: readonly PatternPair[],
  subtracts: readonly PooledPattern[],
  decisions: Decisions,
): SharedPair | undefined {
  let undecided: SharedPair | undefined;
  for (const pair of pairs) {
    const taken = relevant(pair.x, pair.y, subtracts);
    const decision = decisions.decide(pair.x, pair.y, taken);
    if (decision.state === 'apart') continue;
    const found = { a, b, ...pair, subtracts: taken, decision };
    if (decision.state === 'shared') return found;
    undecided ??= found;
  }
  return undecided;
}
