/**
 * Values under text keys, found by keys that are compatible with a given one: those that begin with it and those
 * that it begins with. A look-up costs the length of the key and a binary search, plus what it finds.
 */
export class PrefixIndex<T> {
  private readonly keys: string[];
  private readonly values = new Map<string, T[]>();
  /** How many values are under the keys before each key. */
  private readonly before: number[];
  private readonly lengths: number[];

  constructor(entries: readonly (readonly [string, T])[]) {
    for (const [key, value] of entries) {
      const values = this.values.get(key);
      if (values === undefined) this.values.set(key, [value]);
      else values.push(value);
    }
    this.keys = [...this.values.keys()].sort();
    this.before = [0];
    for (const key of this.keys) this.before.push(this.before.at(-1)! + this.values.get(key)!.length);
    this.lengths = [...new Set(this.keys.map((key) => key.length))].sort((a, b) => a - b);
  }

  /** Takes a key; gives the number of values that `visit` would give. */
  count(key: string): number {
    const [from, to] = this.range(key);
    let count = this.before[to]! - this.before[from]!;
    for (const values of this.above(key)) count += values.length;
    return count;
  }

  /** Takes a key; calls back with every value whose key begins with it or that it begins with. */
  visit(key: string, call: (value: T) => void): void {
    for (const values of this.above(key)) for (const value of values) call(value);
    const [from, to] = this.range(key);
    for (let i = from; i < to; i += 1) for (const value of this.values.get(this.keys[i]!)!) call(value);
  }

  /** What is under the proper beginnings of a key. */
  private above(key: string): T[][] {
    const found: T[][] = [];
    for (const length of this.lengths) {
      if (length >= key.length) break;
      const values = this.values.get(key.slice(0, length));
      if (values !== undefined) found.push(values);
    }
    return found;
  }

  /** The places of the keys that begin with a key: from the first to one past the last. */
  private range(key: string): [number, number] {
    const from = this.firstPlace((other) => other >= key);
    return [from, this.firstPlace((other) => other > key && !other.startsWith(key), from)];
  }

  private firstPlace(holds: (key: string) => boolean, from = 0): number {
    let low = from;
    let high = this.keys.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (holds(this.keys[middle]!)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
