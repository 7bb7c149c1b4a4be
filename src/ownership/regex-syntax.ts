import { type CharSet, EVERY_CHAR, intersection } from './char-set.js';

/**
 * The regular expressions that picomatch writes, as a tree. `repeat` has no upper bound when `max` is Infinity.
 * `look` is a lookahead: what follows must (or, `negated`, must not) begin with `body`.
 */
export type Regex =
  | { type: 'char'; set: CharSet }
  | { type: 'seq'; items: Regex[] }
  | { type: 'alt'; items: Regex[] }
  | { type: 'repeat'; body: Regex; min: number; max: number }
  | { type: 'look'; negated: boolean; body: Regex }
  | { type: 'start' }
  | { type: 'end' };

export const NOTHING: Regex = { type: 'alt', items: [] };
export const EMPTY: Regex = { type: 'seq', items: [] };

/** Takes text and how its characters are read (folded or not); gives the expression that matches just that text. */
export function literal(text: string, fold: (set: CharSet) => CharSet): Regex {
  const items: Regex[] = [];
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    items.push({ type: 'char', set: fold([code, code]) });
  }
  return { type: 'seq', items };
}

/** Takes expressions; gives them one after another, and `NOTHING` when one of them matches nothing. */
export function sequence(items: readonly Regex[]): Regex {
  if (items.some(isNothing)) return NOTHING;
  const parts = items.flatMap((item) => (item.type === 'seq' ? item.items : [item]));
  return parts.length === 1 ? parts[0]! : { type: 'seq', items: parts };
}

/** Takes expressions; gives the choice between those of them that match anything. */
export function alternatives(items: readonly Regex[]): Regex {
  const choices = items.filter((item) => !isNothing(item));
  return choices.length === 1 ? choices[0]! : { type: 'alt', items: choices };
}

function isNothing(regex: Regex): boolean {
  return regex.type === 'alt' && regex.items.length === 0;
}

const nonEmptyForms = new WeakMap<Regex, Regex>();

/**
 * Takes an expression; gives one that matches the same text except the empty text. A repetition needs it: in
 * JavaScript a turn of a loop that matched nothing does not count, and a loop of empty turns would be no automaton.
 */
export function nonEmpty(regex: Regex): Regex {
  const known = nonEmptyForms.get(regex);
  if (known !== undefined) return known;
  const form = beginningIn(regex, EVERY_CHAR);
  nonEmptyForms.set(regex, form);
  return form;
}

/** Takes an expression and a set; gives one that matches the same text if that begins with a character of the set. */
export function beginningIn(regex: Regex, set: CharSet): Regex {
  switch (regex.type) {
    case 'char': {
      const both = intersection(regex.set, set);
      return both.length === 0 ? NOTHING : { type: 'char', set: both };
    }
    case 'start':
    case 'end':
    case 'look':
      return NOTHING;
    case 'alt':
      return alternatives(regex.items.map((item) => beginningIn(item, set)));
    case 'seq': {
      const [head, ...tail] = regex.items;
      if (head === undefined) return NOTHING;
      const rest: Regex = { type: 'seq', items: tail };
      const fromHead = sequence([beginningIn(head, set), rest]);
      if (!canBeEmpty(head)) return fromHead;
      return alternatives([fromHead, sequence([onlyEmpty(head), beginningIn(rest, set)])]);
    }
    case 'repeat': {
      const { body, min, max } = regex;
      if (max === 0) return NOTHING;
      const rest: Regex = { ...regex, min: Math.max(0, min - 1), max: max - 1 };
      // Required turns may be empty, so the text may begin in a later one.
      if (min > 1 && canBeEmpty(body)) return beginningIn({ type: 'seq', items: [body, rest] }, set);
      return sequence([beginningIn(body, set), rest]);
    }
    default:
      return regex satisfies never;
  }
}

/** Whether an expression can match the empty text somewhere. */
export function canBeEmpty(regex: Regex): boolean {
  switch (regex.type) {
    case 'char':
      return false;
    case 'start':
    case 'end':
    case 'look':
      return true;
    case 'alt':
      return regex.items.some(canBeEmpty);
    case 'seq':
      return regex.items.every(canBeEmpty);
    case 'repeat':
      return regex.min === 0 || canBeEmpty(regex.body);
    default:
      return regex satisfies never;
  }
}

/** Takes an expression; gives the part that matches the empty text: its assertions. */
export function onlyEmpty(regex: Regex): Regex {
  switch (regex.type) {
    case 'char':
      return NOTHING;
    case 'start':
    case 'end':
    case 'look':
      return regex;
    case 'alt':
      return alternatives(regex.items.filter(canBeEmpty).map(onlyEmpty));
    case 'seq':
      return sequence(regex.items.map(onlyEmpty));
    case 'repeat':
      return regex.min === 0 ? EMPTY : onlyEmpty(regex.body);
    default:
      return regex satisfies never;
  }
}
