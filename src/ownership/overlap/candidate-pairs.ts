import type { Pattern } from '../pattern/pattern.js';
import type { PatternSet } from './interner.js';
import { PatternIndex } from './pattern-index.js';

/** Two patterns whose literals do not clash, each with its place in its set. */
export interface PatternPair {
  x: Pattern;
  atA: number;
  y: Pattern;
  atB: number;
}

/** Candidates are kept for patterns that so many sets share; for rarer ones the list costs more than the search. */
const SHARED_BY_MANY = 8;

/** Finds the sets that one set might overlap with, without looking at most of the others. */
export class CandidatePairs {
  /** For each pattern, the sets on the right that claim by it, ascending, and where. */
  readonly #owners = new Map<Pattern, { set: number; at: number }[]>();
  readonly #index: PatternIndex;
  readonly #kept = new Map<Pattern, readonly Pattern[]>();
  /** The last set on the left for which a set on the right was to be skipped. */
  readonly #skipped: Int32Array;
  /** Of patterns that many sets share: whether every two of those sets are to be skipped. */
  readonly #skippedAmong = new Map<Pattern, boolean>();

  /**
   * With `later`, only sets on the right with a higher number than that on the left are given, and `skipAmong` may say
   * of sets that each two are to be skipped.
   */
  constructor(
    readonly right: readonly PatternSet[],
    readonly later: boolean,
    readonly skipAmong?: (sets: readonly number[]) => boolean,
  ) {
    for (const [set, { claims }] of right.entries()) {
      for (const { pattern, at } of claims) {
        const owners = this.#owners.get(pattern);
        if (owners === undefined) this.#owners.set(pattern, [{ set, at }]);
        else owners.push({ set, at });
      }
    }
    this.#index = new PatternIndex([...this.#owners.keys()]);
    this.#skipped = new Int32Array(right.length).fill(-1);
  }

  /** The sets on the right that a set on the left might overlap with, ascending, and by what. */
  of(
    a: number,
    { claims }: PatternSet,
    skip: (a: number, b: number) => boolean,
  ): { b: number; pairs: PatternPair[] }[] {
    const found = new Map<number, PatternPair[]>();
    const after = this.later ? a : -1;
    let left = this.right.length - 1 - after;
    // Patterns that many sets share come first: when they show that every set is to be skipped, that is all.
    for (const { pattern: x, at: atA } of [...claims].sort((p, q) =>
      this.#popularity(p.pattern, q.pattern),
    )) {
      for (const y of this.#candidates(x)) {
        if (left === 0) return [];
        if (x === y && this.#isSkippedAmong(x)) continue;
        const owners = this.#owners.get(y)!;
        for (let i = owners.length - 1; i >= 0 && owners[i]!.set > after; i -= 1) {
          const { set: b, at: atB } = owners[i]!;
          if (this.#skipped[b] === a) continue;
          const pairs = found.get(b);
          if (pairs !== undefined) pairs.push({ x, atA, y, atB });
          else if (!skip(a, b)) found.set(b, [{ x, atA, y, atB }]);
          else {
            this.#skipped[b] = a;
            left -= 1;
          }
        }
      }
    }
    const inOrder = (p: PatternPair, q: PatternPair): number => p.atA - q.atA || p.atB - q.atB;
    return [...found].map(([b, pairs]) => ({ b, pairs: pairs.sort(inOrder) })).sort((p, q) => p.b - q.b);
  }

  /** Puts the pattern that more sets share first. */
  #popularity(p: Pattern, q: Pattern): number {
    return this.#ownersOf(q) - this.#ownersOf(p);
  }

  #ownersOf(pattern: Pattern): number {
    return this.#owners.get(pattern)?.length ?? 0;
  }

  /** A long chain of tasks that own the same, as people write it, is one question instead of one for each pair. */
  #isSkippedAmong(pattern: Pattern): boolean {
    if (this.skipAmong === undefined || this.#ownersOf(pattern) < SHARED_BY_MANY) return false;
    let answer = this.#skippedAmong.get(pattern);
    if (answer === undefined) {
      answer = this.skipAmong(this.#owners.get(pattern)!.map(({ set }) => set));
      this.#skippedAmong.set(pattern, answer);
    }
    return answer;
  }

  #candidates(x: Pattern): readonly Pattern[] {
    const known = this.#kept.get(x);
    if (known !== undefined) return known;
    const list = this.#index.candidates(x.literals).sort((p, q) => this.#popularity(p, q));
    if (this.#ownersOf(x) >= SHARED_BY_MANY) this.#kept.set(x, list);
    return list;
  }
}
