import { type Alphabet, classOf } from './alphabet.js';
import { caseFolding } from './char-set.js';

/** Characters in the order in which a reader would rather see them in an example of a path. */
const PREFERRED = 'abcdefghijklmnopqrstuvwxyz0123456789-_ABCDEFGHIJKLMNOPQRSTUVWXYZ./';

/** Added for a dot that begins a segment: `src/a.ts` is a better example than `src/.ts`. */
export const SEGMENT_DOT_COST = 30;

/** Takes a code unit; gives how unwelcome it is in an example of a path, a small whole number above 0. */
export function charCost(code: number): number {
  if (code >= 97 && code <= 122) return 10;
  if (code === 47 || code === 46) return 11;
  if ((code >= 48 && code <= 57) || code === 45 || code === 95) return 12;
  if (code >= 65 && code <= 90) return 13;
  if (code > 32 && code < 127) return 30;
  if (code === 32) return 50;
  if (code < 32 || code === 127) return 200;
  return code >= 0xd800 && code <= 0xdfff ? 150 : 60;
}

/** A class of characters with the one that stands for it in an example. */
interface ReadableChar {
  symbol: number;
  written: number;
  read: number;
  cost: number;
}

/**
 * Takes an alphabet, and whether its automata read folded characters; gives for each class its most readable code
 * unit, as it would be `written` (folded ones in lower case) and as the automata `read` it. A class that holds only
 * characters that fold to others is left out: it never occurs. The most readable come first.
 */
export function readableChars(alphabet: Alphabet, folded: boolean): ReadableChar[] {
  const folding = folded ? caseFolding() : undefined;
  const chosen = new Map<number, ReadableChar>();
  const offer = (written: number): void => {
    const read = folding?.[written] ?? written;
    const symbol = classOf(alphabet, read);
    const cost = charCost(written);
    if (cost < (chosen.get(symbol)?.cost ?? Number.POSITIVE_INFINITY)) {
      chosen.set(symbol, { symbol, written, read, cost });
    }
  };
  for (const char of PREFERRED) offer(char.charCodeAt(0));
  for (const [i, cut] of alphabet.cuts.entries()) {
    const next = alphabet.cuts[i + 1] ?? 0x10000;
    let first = cut;
    while (folding !== undefined && first < next - 1 && folding[first] !== first) first += 1;
    offer(first);
    // An interval that begins in odd characters may hold better ones further on.
    for (const code of [32, 33, 0xa1]) if (cut < code && code < next) offer(code);
  }
  return [...chosen.values()].sort((a, b) => a.cost - b.cost);
}
