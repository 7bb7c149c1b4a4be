import type { Literals } from '../pattern/literals.js';
import type { Pattern } from '../pattern/pattern.js';

/** Groups smaller than this are faster to look through than to index. */
const SMALL = 8;

/** Whether literals show that two patterns share no path. */
export function clash(a: Literals, b: Literals): boolean {
  return (
    !(a.prefix.startsWith(b.prefix) || b.prefix.startsWith(a.prefix)) ||
    !(a.suffix.endsWith(b.suffix) || b.suffix.endsWith(a.suffix)) ||
    !(a.base.startsWith(b.base) || b.base.startsWith(a.base)) ||
    (a.middle !== null &&
      b.middle !== null &&
      a.middle.depth === b.middle.depth &&
      !(a.middle.text.startsWith(b.middle.text) || b.middle.text.startsWith(a.middle.text)))
  );
}

/**
 * Finds the patterns whose literals do not clash with given ones, without looking at most of the others: first by
 * the literal beginning, and among the patterns that begin alike by whichever of the file name's beginning, the
 * path's end and the segments behind the first wildcard leaves the fewest.
 */
export class PatternIndex {
  readonly #groups: PrefixIndex<Group>;

  constructor(patterns: readonly Pattern[]) {
    const byPrefix = new Map<string, Pattern[]>();
    for (const pattern of patterns) {
      const { prefix } = pattern.literals;
      const group = byPrefix.get(prefix);
      if (group === undefined) byPrefix.set(prefix, [pattern]);
      else group.push(pattern);
    }
    this.#groups = new PrefixIndex([...byPrefix].map(([prefix, group]) => [prefix, new Group(group)]));
  }

  /** The patterns that may share a path with one of these literals, in no order. */
  candidates(literals: Literals): Pattern[] {
    const found: Pattern[] = [];
    for (const group of this.#groups.compatible(literals.prefix).values()) {
      for (const pattern of group.shortlist(literals)) {
        if (!clash(literals, pattern.literals)) found.push(pattern);
      }
    }
    return found;
  }
}

/** Patterns with the same literal beginning. */
class Group {
  readonly #indexes = new Map<string, PrefixIndex<Pattern>>();

  constructor(readonly patterns: readonly Pattern[]) {}

  shortlist({ base, suffix, middle }: Literals): readonly Pattern[] {
    if (this.patterns.length < SMALL) return this.patterns;
    const ways: [name: string, key: string, keyOf: (other: Literals) => string][] = [
      ['base', base, (other) => other.base],
      ['suffix', reversed(suffix), (other) => reversed(other.suffix)],
    ];
    if (middle !== null) {
      const { depth, text } = middle;
      ways.push([
        `middle ${depth}`,
        text,
        (other) => (other.middle?.depth === depth ? other.middle.text : ''),
      ]);
    }
    let best: Compatible<Pattern> = { count: this.patterns.length, values: () => this.patterns };
    for (const [name, key, keyOf] of ways) {
      if (key === '' || best.count < SMALL) continue;
      const found = this.#index(name, keyOf).compatible(key);
      if (found.count < best.count) best = found;
    }
    return best.values();
  }

  #index(name: string, keyOf: (literals: Literals) => string): PrefixIndex<Pattern> {
    let index = this.#indexes.get(name);
    if (index === undefined) {
      index = new PrefixIndex(this.patterns.map((pattern) => [keyOf(pattern.literals), pattern]));
      this.#indexes.set(name, index);
    }
    return index;
  }
}

function reversed(text: string): string {
  let result = '';
  for (let i = text.length - 1; i >= 0; i -= 1) result += text[i];
  return result;
}

interface Compatible<T> {
  count: number;
  values: () => readonly T[];
}

/**
 * Values under text keys, found by keys that are compatible with a given one: those that begin with it and those
 * that it begins with. A look-up costs the length of the key and a binary search, plus what it finds.
 */
class PrefixIndex<T> {
  /** Sorted by key. */
  readonly #entries: readonly (readonly [key: string, value: T])[];
  /** Where the entries of each key begin and end. */
  readonly #places = new Map<string, [from: number, to: number]>();
  readonly #lengths: readonly number[];

  constructor(entries: readonly (readonly [key: string, value: T])[]) {
    this.#entries = [...entries].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    for (const [place, [key]] of this.#entries.entries()) {
      this.#places.set(key, [this.#places.get(key)?.[0] ?? place, place + 1]);
    }
    this.#lengths = [...new Set([...this.#places.keys()].map((key) => key.length))].sort((a, b) => a - b);
  }

  /** Every value whose key begins with this one or that it begins with, and how many they are. */
  compatible(key: string): Compatible<T> {
    const ranges: number[] = [];
    for (const length of this.#lengths) {
      if (length >= key.length) break;
      const range = this.#places.get(key.slice(0, length));
      if (range !== undefined) ranges.push(range[0], range[1]);
    }
    const from = this.#firstPlace((other) => other >= key, 0);
    ranges.push(
      from,
      this.#firstPlace((other) => !other.startsWith(key), from),
    );
    let count = 0;
    for (let i = 0; i < ranges.length; i += 2) count += ranges[i + 1]! - ranges[i]!;
    const values = (): T[] => {
      const found: T[] = [];
      for (let i = 0; i < ranges.length; i += 2) {
        for (let place = ranges[i]!; place < ranges[i + 1]!; place += 1) found.push(this.#entries[place]![1]);
      }
      return found;
    };
    return { count, values };
  }

  /** The first place from which on a condition holds of all keys. */
  #firstPlace(holds: (key: string) => boolean, from: number): number {
    let low = from;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (holds(this.#entries[middle]![0])) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
