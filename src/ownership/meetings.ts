import { PatternIndex } from './pattern-index.js';
import type { PatternPool, PooledPattern, PooledSet } from './pattern-pool.js';

/** Two patterns whose outlines do not clash, each with its place in its set. */
export interface PatternPair {
  x: PooledPattern;
  atA: number;
  y: PooledPattern;
  atB: number;
}

/** Candidates are kept for patterns that so many sets share; for rarer ones the list costs more than the search. */
const SHARED_BY_MANY = 8;

/** Finds the sets that one set might overlap with, without looking at most of the others. */
export class Meetings {
  /** For each pattern of the pool, the sets on the right that claim by it, ascending. */
  private readonly owners: { set: number; at: number }[][];
  private readonly index: PatternIndex;
  private readonly indexed: readonly PooledPattern[];
  private readonly kept = new Map<number, readonly PooledPattern[]>();
  /** The last set on the left for which a set on the right was to be skipped. */
  private readonly skipped: Int32Array;
  /** Of patterns that many sets share: whether every two of those sets are to be skipped. */
  private readonly skippedAmong = new Map<number, boolean>();

  /**
   * Takes the sets on the right; with `later`, only sets with a higher number than that on the left are given, and
   * `skipAmong` may say of sets that each two are to be skipped.
   */
  constructor(
    private readonly right: readonly PooledSet[],
    pool: PatternPool,
    private readonly later: boolean,
    private readonly skipAmong?: (sets: readonly number[]) => boolean,
  ) {
    this.owners = pool.patterns.map(() => []);
    for (const [set, { claims }] of right.entries()) {
      for (const { pattern, at } of claims) this.owners[pattern.id]!.push({ set, at });
    }
    this.indexed = pool.patterns.filter(({ id }) => this.owners[id]!.length > 0);
    this.index = new PatternIndex(this.indexed.map(({ outline }) => outline));
    this.skipped = new Int32Array(right.length).fill(-1);
  }

  /** Takes a set on the left; gives the sets on the right that it might overlap with, ascending, and by what. */
  of(
    a: number,
    { claims }: PooledSet,
    skip: (a: number, b: number) => boolean,
  ): { b: number; pairs: PatternPair[] }[] {
    const { skipped } = this;
    const found = new Map<number, PatternPair[]>();
    let left = this.later ? this.right.length - 1 - a : this.right.length;
    // Patterns that many sets share come first: when they show that every set is to be skipped, that is all.
    const popularFirst = [...claims].sort((p, q) => this.popularity(q.pattern) - this.popularity(p.pattern));
    for (const { pattern: x, at: atA } of popularFirst) {
      for (const y of this.candidates(x)) {
        if (left === 0) return [];
        if (x === y && this.isSkippedAmong(x)) continue;
        const owners = this.owners[y.id]!;
        for (let i = this.later ? firstAfter(owners, a) : 0; i < owners.length; i += 1) {
          const { set: b, at: atB } = owners[i]!;
          if (skipped[b] === a) continue;
          const pairs = found.get(b);
          if (pairs !== undefined) pairs.push({ x, atA, y, atB });
          else if (!skip(a, b)) found.set(b, [{ x, atA, y, atB }]);
          else {
            skipped[b] = a;
            left -= 1;
          }
        }
      }
    }
    return [...found].map(([b, pairs]) => ({ b, pairs: inOrder(pairs) })).sort((p, q) => p.b - q.b);
  }

  private popularity({ id }: PooledPattern): number {
    return this.owners[id]!.length;
  }

  /** A long chain of tasks that own the same, as people write it, is one question instead of one for each pair. */
  private isSkippedAmong(pattern: PooledPattern): boolean {
    if (this.skipAmong === undefined || this.popularity(pattern) < SHARED_BY_MANY) return false;
    const known = this.skippedAmong.get(pattern.id);
    if (known !== undefined) return known;
    const answer = this.skipAmong(this.owners[pattern.id]!.map(({ set }) => set));
    this.skippedAmong.set(pattern.id, answer);
    return answer;
  }

  private candidates(x: PooledPattern): readonly PooledPattern[] {
    const known = this.kept.get(x.id);
    if (known !== undefined) return known;
    const list = this.index
      .candidates(x.outline)
      .map((place) => this.indexed[place]!)
      .sort((p, q) => this.popularity(q) - this.popularity(p));
    if (this.popularity(x) >= SHARED_BY_MANY) this.kept.set(x.id, list);
    return list;
  }
}

function inOrder(pairs: PatternPair[]): PatternPair[] {
  return pairs.sort((p, q) => p.atA - q.atA || p.atB - q.atB);
}

/** The first place in a list of owners whose set is after `a`. */
function firstAfter(owners: readonly { set: number }[], a: number): number {
  let low = 0;
  let high = owners.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (owners[middle]!.set <= a) low = middle + 1;
    else high = middle;
  }
  return low;
}
