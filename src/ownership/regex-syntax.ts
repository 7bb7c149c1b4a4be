import type { CharSet } from './char-set.js';

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

const nonEmptyForms = new WeakMap<Regex, Regex>();

/**
 * Takes an expression; gives one that matches the same text except the empty text. A repetition needs it: in
 * JavaScript a turn of a loop that matched nothing does not count, and a loop of empty turns would be no automaton.
 */
export function nonEmpty(regex: Regex): Regex {
  const known = nonEmptyForms.get(regex);
  if (known !== undefined) return known;
  const form = makeNonEmpty(regex);
  nonEmptyForms.set(regex, form);
  return form;
}

function makeNonEmpty(regex: Regex): Regex {
  switch (regex.type) {
    case 'char':
      return regex;
    case 'start':
    case 'end':
    case 'look':
      return NOTHING;
    case 'alt':
      return { type: 'alt', items: regex.items.map(nonEmpty) };
    case 'seq': {
      const choices: Regex[] = [];
      const before: Regex[] = [];
      for (const [i, item] of regex.items.entries()) {
        choices.push({ type: 'seq', items: [...before, nonEmpty(item), ...regex.items.slice(i + 1)] });
        if (!canBeEmpty(item)) break;
        before.push(onlyEmpty(item));
      }
      return { type: 'alt', items: choices };
    }
    case 'repeat': {
      const { body, min, max } = regex;
      if (max === 0) return NOTHING;
      if (!canBeEmpty(body)) return { ...regex, min: Math.max(1, min) };
      const rest: Regex = { ...regex, min: Math.max(0, min - 1), max: max - 1 };
      if (min > 1) return nonEmpty({ type: 'seq', items: [body, rest] });
      return { type: 'seq', items: [nonEmpty(body), rest] };
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

/** The part of an expression that matches the empty text: its assertions. */
function onlyEmpty(regex: Regex): Regex {
  switch (regex.type) {
    case 'char':
      return NOTHING;
    case 'start':
    case 'end':
    case 'look':
      return regex;
    case 'alt':
      return { type: 'alt', items: regex.items.filter(canBeEmpty).map(onlyEmpty) };
    case 'seq':
      return { type: 'seq', items: regex.items.map(onlyEmpty) };
    case 'repeat':
      return regex.min === 0 ? EMPTY : onlyEmpty(regex.body);
    default:
      return regex satisfies never;
  }
}
