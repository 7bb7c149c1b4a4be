import { expand } from './obligations.js';
import type { Program } from './program.js';

/** Enough to tell folders apart, and a bound on the work. */
const LONGEST = 200;
const STEPS = 5000;

/** Takes an automaton; gives the text that everything it accepts begins with, as far as it is found in few steps. */
export function literalStart({ nodes, sets, start }: Program): string {
  const budget = { left: STEPS };
  let text = '';
  let places = [start];
  while (text.length < LONGEST) {
    const choices = places.flatMap((place) => expand(nodes, [place * 2], text === '', budget));
    if (budget.left <= 0) return '';
    const next = new Set<number>();
    let common: number | undefined;
    for (const { chars } of choices) {
      // One obligation of several will do: what is common to more paths is common to fewer.
      const found = chars
        .filter((literal) => (literal & 1) === 0)
        .map((literal) => nodes[literal >> 1]!)
        .find((node) => node.op === 'char' && isSingle(sets[node.set]!));
      if (found?.op !== 'char') return text;
      const char = sets[found.set]![0]!;
      common ??= char;
      if (char !== common) return text;
      next.add(found.next);
    }
    if (common === undefined) return text;
    text += String.fromCharCode(common);
    places = [...next];
  }
  return text;
}

function isSingle(set: readonly number[]): boolean {
  return set.length === 2 && set[0] === set[1];
}
