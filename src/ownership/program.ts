import { type CharSet, theSet } from './char-set.js';
import { UndecidableConstruct } from './regex-parser.js';
import { nonEmpty, type Regex } from './regex-syntax.js';

/**
 * One node of an alternating automaton. A node is true at a place of a text when the rest of the text from there
 * fits: `char` takes one character; `split` is true when one of its successors is; `start` and `end` hold at the
 * two ends; `look` needs both its body (or, negated, not) and its successor; `match` is always true.
 */
export type Node =
  | { op: 'char'; set: number; next: number }
  | { op: 'split'; to: number[] }
  | { op: 'start' | 'end'; next: number }
  | { op: 'look'; negated: boolean; body: number; next: number }
  | { op: 'match' };

/** An automaton: no cycle of nodes but through a `char`. `sets[node.set]` is what a `char` accepts. */
export interface Program {
  nodes: readonly Node[];
  sets: readonly CharSet[];
  start: number;
}

/** More nodes than any pattern a person writes; beyond, the pattern is called undecidable. */
const MAX_NODES = 20_000;

/** Takes an expression; gives its automaton. Throws UndecidableConstruct when it would be too large. */
export function compileProgram(regex: Regex): Program {
  const nodes: Node[] = [];
  const sets: CharSet[] = [];
  const setIndex = new Map<CharSet, number>();

  const add = (node: Node): number => {
    if (nodes.length >= MAX_NODES) {
      throw new UndecidableConstruct(`an automaton of more than ${MAX_NODES.toLocaleString('en')} nodes`);
    }
    return nodes.push(node) - 1;
  };
  const setOf = (set: CharSet): number => {
    const one = theSet(set);
    const known = setIndex.get(one);
    if (known !== undefined) return known;
    const index = sets.push(one) - 1;
    setIndex.set(one, index);
    return index;
  };
  const compile = (part: Regex, next: number): number => {
    switch (part.type) {
      case 'char':
        return add({ op: 'char', set: setOf(part.set), next });
      case 'seq':
        return part.items.reduceRight((after, item) => compile(item, after), next);
      case 'alt':
        return add({ op: 'split', to: part.items.map((item) => compile(item, next)) });
      case 'start':
      case 'end':
        return add({ op: part.type, next });
      case 'look':
        return add({
          op: 'look',
          negated: part.negated,
          body: compile(part.body, add({ op: 'match' })),
          next,
        });
      case 'repeat':
        return repeat(part.body, part.min, part.max, next);
      default:
        return part satisfies never;
    }
  };
  /** Turns that are required may be empty, turns that are optional may not: see `nonEmpty`. */
  const repeat = (body: Regex, min: number, max: number, next: number): number => {
    const turn = nonEmpty(body);
    let from = next;
    if (max === Number.POSITIVE_INFINITY) {
      const to: number[] = [];
      from = add({ op: 'split', to });
      to.push(compile(turn, from), next);
    } else {
      for (let i = min; i < max; i += 1) from = add({ op: 'split', to: [compile(turn, from), next] });
    }
    for (let i = 0; i < min; i += 1) from = compile(body, from);
    return from;
  };

  const start = compile(regex, add({ op: 'match' }));
  return { nodes, sets, start };
}
