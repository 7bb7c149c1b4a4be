import { caseFolding } from '../automaton/char-set.js';
import type { LazyDfa } from '../automaton/dfa.js';

/** Characters that a reader would rather see in an example of a path than others of their class. */
const PREFERRED = 'abcdefghijklmnopqrstuvwxyz0123456789-_ABCDEFGHIJKLMNOPQRSTUVWXYZ./ !\u00a1';

/** Added for a dot that begins a segment: `src/a.ts` is a better example than `src/.ts`. */
export const SEGMENT_DOT_COST = 30;

/** How unwelcome a code unit is in an example of a path: a small whole number above 0. */
function charCost(code: number): number {
  if (code >= 97 && code <= 122) return 10;
  if (code === 47 || code === 46) return 11;
  if ((code >= 48 && code <= 57) || code === 45 || code === 95) return 12;
  if (code >= 65 && code <= 90) return 13;
  if (code > 32 && code < 127) return 30;
  if (code === 32) return 50;
  if (code < 32 || code === 127) return 200;
  return code >= 0xd800 && code <= 0xdfff ? 150 : 60;
}

/** A class of characters that automata cannot tell apart, by the one that stands for it in an example. */
export interface ReadableChar {
  code: number;
  cost: number;
  /** The class in the alphabet of each automaton. */
  symbols: readonly number[];
}

/** The most readable character of each class that automata tell apart together, the most readable first. */
export function readableChars(automata: readonly LazyDfa[], folded: boolean): ReadableChar[] {
  const folding = folded ? caseFolding() : undefined;
  const chosen = new Map<string, ReadableChar>();
  const offer = (code: number): void => {
    const cost = charCost(code);
    const symbols = automata.map((dfa) => dfa.symbolOf(code));
    const key = symbols.join();
    if (cost < (chosen.get(key)?.cost ?? Number.POSITIVE_INFINITY)) chosen.set(key, { code, cost, symbols });
  };
  for (const char of PREFERRED) offer(char.charCodeAt(0));
  const cuts = [...new Set([0, ...automata.flatMap((dfa) => dfa.cuts)])].sort((a, b) => a - b);
  for (const [i, cut] of cuts.entries()) {
    const last = (cuts[i + 1] ?? 0x10000) - 1;
    let code = cut;
    // A character that is folded to another says nothing of its own interval.
    while (folding !== undefined && code < last && folding[code] !== code) code += 1;
    offer(code);
  }
  return [...chosen.values()].sort((a, b) => a.cost - b.cost);
}
