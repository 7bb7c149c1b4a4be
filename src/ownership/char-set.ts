/**
 * A set of UTF-16 code units, as JavaScript's regular expressions without the `u` flag see text: a flat list of
 * inclusive ranges `[from, to, from, to, …]`, ascending, neither overlapping nor adjacent.
 */
export type CharSet = readonly number[];

const LAST = 0xffff;

export const EVERY_CHAR: CharSet = [0, LAST];

/** Takes ranges in any order; gives the set of them. */
export function charSet(ranges: readonly (readonly [number, number])[]): CharSet {
  const sorted = [...ranges].sort((a, b) => a[0] - b[0]);
  const set: number[] = [];
  for (const [from, to] of sorted) {
    const end = set.at(-1);
    if (end !== undefined && from <= end + 1) set[set.length - 1] = Math.max(end, to);
    else set.push(from, to);
  }
  return set;
}

/** Takes a set; gives every other code unit. */
export function complement(set: CharSet): CharSet {
  const result: number[] = [];
  let next = 0;
  for (let i = 0; i < set.length; i += 2) {
    if (set[i]! > next) result.push(next, set[i]! - 1);
    next = set[i + 1]! + 1;
  }
  if (next <= LAST) result.push(next, LAST);
  return result;
}

/** Takes two sets; gives what is in both. */
export function intersection(a: CharSet, b: CharSet): CharSet {
  const result: number[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    const from = Math.max(a[i]!, b[j]!);
    const to = Math.min(a[i + 1]!, b[j + 1]!);
    if (from <= to) result.push(from, to);
    if (a[i + 1]! < b[j + 1]!) i += 2;
    else j += 2;
  }
  return result;
}

const known = new Map<string, CharSet>();

/** Takes a set; gives the one object that stands for all equal sets, so that they can be compared by identity. */
export function theSet(set: CharSet): CharSet {
  const key = set.join();
  const first = known.get(key);
  if (first === undefined) known.set(key, set);
  return first ?? set;
}

/** The ranges of a set as pairs. */
export function rangesOf(set: CharSet): [number, number][] {
  const ranges: [number, number][] = [];
  for (let i = 0; i < set.length; i += 2) ranges.push([set[i]!, set[i + 1]!]);
  return ranges;
}

let folded: Uint16Array | undefined;

/**
 * The table by which patterns ignore case: code unit to the one that stands for all its cases. It is Canonicalize
 * of ECMA-262 (22.2.2.7.3) for the flag `i` without `u`: upper case, where that is one code unit and does not turn
 * a character beyond ASCII into an ASCII one. picomatch's `nocase` is that flag.
 */
export function caseFolding(): Uint16Array {
  if (folded === undefined) {
    folded = new Uint16Array(LAST + 1);
    for (let code = 0; code <= LAST; code += 1) {
      const upper = String.fromCharCode(code).toUpperCase();
      const target = upper.length === 1 ? upper.charCodeAt(0) : code;
      folded[code] = code >= 128 && target < 128 ? code : target;
    }
  }
  return folded;
}

/** Takes a set; gives the set of what its members fold to. */
export function foldSet(set: CharSet): CharSet {
  const folding = caseFolding();
  const codes = new Set<number>();
  for (const [from, to] of rangesOf(set)) {
    for (let code = from; code <= to; code += 1) codes.add(folding[code]!);
  }
  return charSet([...codes].map((code) => [code, code]));
}
