/**
 * A set of UTF-16 code units, as JavaScript's regular expressions without the `u` flag see text: a flat list of
 * inclusive ranges `[from, to, from, to, …]`, ascending, neither overlapping nor adjacent. One object stands for all
 * equal sets, so that they are compared by identity.
 */
export type CharSet = readonly number[];

const LAST = 0xffff;
const known = new Map<number | string, CharSet>();

export const EVERY_CHAR = charSet([[0, LAST]]);

/** The set of all code units in any of the ranges, which may come in any order and overlap. */
export function charSet(ranges: readonly (readonly [from: number, to: number])[]): CharSet {
  const sorted = [...ranges].sort((a, b) => a[0] - b[0]);
  const set: number[] = [];
  for (const [from, to] of sorted) {
    const end = set.at(-1);
    if (end !== undefined && from <= end + 1) set[set.length - 1] = Math.max(end, to);
    else set.push(from, to);
  }
  return theOne(set.length === 2 && set[0] === set[1] ? set[0]! : set.join(), () => set);
}

/** The set of one code unit. */
export function oneChar(code: number): CharSet {
  return theOne(code, () => [code, code]);
}

export function contains(set: CharSet, code: number): boolean {
  for (let i = 1; i < set.length; i += 2) if (code <= set[i]!) return code >= set[i - 1]!;
  return false;
}

/** Every code unit that is not in the set. */
export function complement(set: CharSet): CharSet {
  const ranges: [number, number][] = [];
  let next = 0;
  for (let i = 0; i < set.length; i += 2) {
    if (set[i]! > next) ranges.push([next, set[i]! - 1]);
    next = set[i + 1]! + 1;
  }
  if (next <= LAST) ranges.push([next, LAST]);
  return charSet(ranges);
}

function theOne(key: number | string, make: () => CharSet): CharSet {
  const first = known.get(key);
  if (first !== undefined) return first;
  const set = make();
  known.set(key, set);
  return set;
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

/** The set of what the members of a set fold to. */
export function foldSet(set: CharSet): CharSet {
  const folding = caseFolding();
  const codes = new Set<number>();
  for (let i = 0; i < set.length; i += 2) {
    for (let code = set[i]!; code <= set[i + 1]!; code += 1) codes.add(folding[code]!);
  }
  return charSet([...codes].map((code) => [code, code]));
}

/** Text with every character folded, one for one, as in `caseFolding`. */
export function foldText(text: string): string {
  return text.replace(/[\s\S]/g, (char) => {
    const upper = char.toUpperCase();
    return upper.length === 1 && (char < '\x80' || upper >= '\x80') ? upper : char;
  });
}
