import { type CharSet, intersection } from './char-set.js';
import { alternatives, beginningIn, canBeEmpty, onlyEmpty, type Regex, sequence } from './regex-syntax.js';

/**
 * Takes an expression as picomatch writes it; gives one with fewer lookaheads that accepts the same paths. Every
 * lookahead in a pattern that is subtracted is a choice that the search has to try both ways, and picomatch begins
 * nearly every segment with `(?=.)`, "one more character", which the characters that follow can say themselves. And
 * it ends most patterns in `\\/?`, which no path of a file ends in.
 */
export function simplify(regex: Regex): Regex {
  switch (regex.type) {
    case 'char':
    case 'start':
    case 'end':
      return regex;
    case 'look':
      return { ...regex, body: simplify(regex.body) };
    case 'repeat':
      return { ...regex, body: simplify(regex.body) };
    case 'alt':
      return { type: 'alt', items: regex.items.map(simplify) };
    case 'seq':
      return regex.items
        .map(simplify)
        .reduceRight<Regex>((rest, item) => prepend(item, rest), { type: 'seq', items: [] });
    default:
      return regex satisfies never;
  }
}

function prepend(item: Regex, rest: Regex): Regex {
  const tail = rest.type === 'seq' ? rest.items : [rest];
  if (isOptionalSlash(item) && tail[0]?.type === 'end') return rest;
  if (item.type === 'look' && !item.negated && item.body.type === 'char') return demand(item.body.set, tail);
  return sequence([item, rest]);
}

function isOptionalSlash(regex: Regex): boolean {
  if (regex.type !== 'repeat' || regex.min !== 0 || regex.max !== 1) return false;
  return regex.body.type === 'char' && regex.body.set.join() === '47,47';
}

/** A sequence whose text, or what comes behind it, begins with a character of the set. */
function demand(set: CharSet, items: readonly Regex[]): Regex {
  const [head, ...tail] = items;
  const look: Regex = { type: 'look', negated: false, body: { type: 'char', set } };
  if (head === undefined) return look;
  const begun = beginningIn(head, set);
  if (!canBeEmpty(head)) return sequence([begun, ...tail]);
  if (head.type !== 'repeat') return sequence([look, ...items]);
  // The repetition may be skipped; then what follows has to meet the demand.
  if (tail[0]?.type === 'end') return sequence([begun, ...tail]);
  const met = tail[0]?.type === 'char' && intersection(tail[0].set, set).join() === tail[0].set.join();
  const skipped = met ? onlyEmpty(head) : sequence([onlyEmpty(head), look]);
  return sequence([alternatives([begun, skipped]), ...tail]);
}
