import { makeAlphabet } from './alphabet.js';
import type { CharSet } from './char-set.js';
import { type Budget, type Choice, expand } from './obligations.js';
import { pathShape } from './path-shape.js';
import type { Node, Program } from './program.js';
import { readableChars, SEGMENT_DOT_COST } from './readable.js';

/** What a search found: a path, that there is none, or that it gave up. */
export type SearchResult = { found: string } | 'none' | 'gave up';

interface Place {
  choice: Choice;
  shape: number;
  cost: number;
  from: Place | null;
  char: number;
}

/**
 * Looks for a path that every automaton of `inside` accepts and none of `outside`: the emptiness problem of their
 * intersection, decided by walking the automata together from the start of the path. Only what must not match is
 * made deterministic, so that patterns cost the product of their lengths and subtractions alone can cost more.
 * Dijkstra's algorithm by the cost of characters makes the path the most readable one. Takes at most
 * `budget.left` steps of work, then gives up. With `folded`, the automata read folded characters.
 */
export function findPath(
  inside: readonly Program[],
  outside: readonly Program[],
  folded: boolean,
  budget: Budget,
): SearchResult {
  const shape = pathShape(folded);
  const nodes: Node[] = [];
  const starts: number[] = [];
  const sets = new Map(shape.sets.map((set, i) => [set, i]));
  for (const [i, program] of [...inside, ...outside].entries()) {
    starts.push((nodes.length + program.start) * 2 + (i < inside.length ? 0 : 1));
    appendNodes(nodes, program, sets);
  }
  const alphabet = makeAlphabet([...sets.keys()]);
  const symbols = readableChars(alphabet, folded);
  const { members } = alphabet;
  const queue: Place[][] = [];
  const best = new Map<string, number>();
  const expanded = new Map<string, readonly Choice[]>();
  const expandOnce = (obligations: readonly number[]): readonly Choice[] => {
    const key = obligations.join();
    let choices = expanded.get(key);
    if (choices === undefined) {
      choices = expand(nodes, obligations, false, budget);
      expanded.set(key, choices);
    }
    return choices;
  };

  const enter = (
    choices: readonly Choice[],
    state: number,
    from: Place | null,
    char: number,
    cost: number,
  ) => {
    for (const choice of choices) {
      const key = `${state} ${choice.end} ${choice.chars.join()}`;
      const known = best.get(key);
      if (known !== undefined && known <= cost) continue;
      best.set(key, cost);
      budget.left -= 1;
      const row = queue[cost];
      const place = { choice, shape: state, cost, from, char };
      if (row === undefined) queue[cost] = [place];
      else row.push(place);
    }
  };
  enter(expand(nodes, starts, true, budget), shape.start, null, 0, 0);

  for (let cost = 0; cost < queue.length; cost += 1) {
    const row = queue[cost];
    if (row === undefined) continue;
    for (const place of row) {
      if (budget.left <= 0) return 'gave up';
      const { choice, shape: state } = place;
      if (choice.end !== 'must not' && shape.accepts(state)) return { found: spell(place) };
      if (choice.end === 'must') continue;
      if ((best.get(`${state} ${choice.end} ${choice.chars.join()}`) ?? cost) < cost) continue;
      budget.left -= (symbols.length * choice.chars.length) >> 5;
      const inSegmentStart = shape.atSegmentStart(state);
      const tried = new Set<string>();
      for (const { symbol, read, written, cost: charCost } of symbols) {
        const next = shape.step(state, read);
        if (next < 0) continue;
        const after = advance(nodes, members, choice.chars, symbol);
        if (after === null) continue;
        // Classes that lead to the same place differ only in looks, and the best looking come first.
        const target = `${next} ${after.join()}`;
        if (tried.has(target)) continue;
        tried.add(target);
        budget.left -= 1 + after.length;
        const price = charCost + (read === 46 && inSegmentStart ? SEGMENT_DOT_COST : 0);
        enter(expandOnce(after), next, place, written, cost + price);
      }
    }
    delete queue[cost];
  }
  return budget.left <= 0 ? 'gave up' : 'none';
}

/** Obligations behind a character of class `symbol`, or null when that character breaks one. */
function advance(
  nodes: readonly Node[],
  members: readonly Uint8Array[],
  chars: readonly number[],
  symbol: number,
): number[] | null {
  const after: number[] = [];
  for (const literal of chars) {
    const node = nodes[literal >> 1]!;
    if (node.op !== 'char') continue;
    if (members[node.set]![symbol] === 1) after.push(node.next * 2 + (literal & 1));
    else if ((literal & 1) === 0) return null;
  }
  return after;
}

/** Copies a program's nodes behind those of others, with sets numbered as in `sets`, which grows as needed. */
function appendNodes(nodes: Node[], program: Program, sets: Map<CharSet, number>): void {
  const base = nodes.length;
  const numbers = program.sets.map((set) => {
    const number = sets.get(set) ?? sets.size;
    sets.set(set, number);
    return number;
  });
  for (const node of program.nodes) {
    switch (node.op) {
      case 'char':
        nodes.push({ op: 'char', set: numbers[node.set]!, next: node.next + base });
        break;
      case 'split':
        nodes.push({ op: 'split', to: node.to.map((to) => to + base) });
        break;
      case 'start':
      case 'end':
        nodes.push({ op: node.op, next: node.next + base });
        break;
      case 'look':
        nodes.push({ ...node, body: node.body + base, next: node.next + base });
        break;
      case 'match':
        nodes.push(node);
        break;
      default:
        node satisfies never;
    }
  }
}

/** The text that leads to a place. */
function spell(place: Place): string {
  const codes: number[] = [];
  for (let at: Place = place; at.from !== null; at = at.from) codes.push(at.char);
  return codes
    .reverse()
    .map((code) => String.fromCharCode(code))
    .join('');
}
