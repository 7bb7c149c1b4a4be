import { type CharSet, caseFolding, charSet, complement, EVERY_CHAR, oneChar } from './char-set.js';

/**
 * What a check asks of the text behind its place. `end`: that there is none. `more`: that there is some. `extension`:
 * that the rest of the segment is neither empty nor `.`, which picomatch asks of a `*` behind a dot.
 */
export type Check = 'end' | 'more' | 'extension';

/** A set of texts: what a glob is read as, and what an automaton is made of. */
export type Expression =
  | { type: 'char'; set: CharSet }
  | { type: 'check'; check: Check }
  | { type: 'seq' | 'alt'; items: readonly Expression[] }
  | { type: 'repeat'; body: Expression; times: Times };

/** How often a part may come: `?` once or never, `*` any number of times, `+` at least once. */
export type Times = '?' | '*' | '+';

export const SLASH = char(oneChar(47));
/** Any text at all, and any text within a segment. */
export const ANYTHING = repeat(char(EVERY_CHAR), '*');
export const IN_SEGMENT = char(complement(charSet([[47, 47]])));
export const END: Expression = { type: 'check', check: 'end' };
export const MORE: Expression = { type: 'check', check: 'more' };

export const EXTENSION: Expression = { type: 'check', check: 'extension' };

export function char(set: CharSet): Expression {
  return { type: 'char', set };
}

export function seq(...items: Expression[]): Expression {
  return items.length === 1 ? items[0]! : { type: 'seq', items };
}

/** The choice between expressions; without any, an expression that no text fits. */
export function alt(...items: Expression[]): Expression {
  return items.length === 1 ? items[0]! : { type: 'alt', items };
}

export function repeat(body: Expression, times: Times): Expression {
  return { type: 'repeat', body, times };
}

/** The expression of just one text; with `folded`, of that text folded. */
export function literalText(text: string, folded: boolean): Expression {
  const folding = folded ? caseFolding() : undefined;
  const codes = Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));
  return seq(...codes.map((code) => char(oneChar(folding?.[code] ?? code))));
}
