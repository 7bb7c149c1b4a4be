import type { LazyDfa } from '../automaton/dfa.js';
import { ownablePaths } from '../automaton/path-shape.js';
import { type ReadableChar, readableChars, SEGMENT_DOT_COST } from './witness-cost.js';

/** What a search found: a path, that there is none, or that it gave up. */
export type SearchResult = { found: string } | 'none' | 'gave up';

/** A count of work that is left; a search stops when it is used up. */
export interface Budget {
  left: number;
}

/** The state in which each automaton is behind a text, of which `code` is the last character. */
interface Place {
  key: string;
  states: readonly number[];
  from: Place | undefined;
  code: number;
}

const SLASH = 47;
const DOT = 46;

/**
 * Looks for a path that every automaton of `inside` accepts and none of `outside`: the emptiness problem of their
 * intersection, decided by walking the automata together from the start of the path. Only what must not accept has to
 * be deterministic, so that patterns cost the product of their lengths and subtractions alone can cost more.
 * Dijkstra's algorithm by the cost of characters makes the path the most readable one. Takes at most `budget.left`
 * steps of work, then gives up.
 */
export function findPath(
  inside: readonly LazyDfa[],
  outside: readonly LazyDfa[],
  folded: boolean,
  budget: Budget,
): SearchResult {
  const wanted = [...inside, ownablePaths(folded)];
  const automata = [...wanted, ...outside];
  const chars = readableChars(automata, folded);
  const best = new Map<string, number>();
  const queue: Place[][] = [];
  const enter = (states: readonly number[], cost: number, from: Place | undefined, code: number): void => {
    budget.left -= 1;
    const key = states.join();
    if ((best.get(key) ?? Number.POSITIVE_INFINITY) <= cost) return;
    best.set(key, cost);
    queue[cost] ??= [];
    queue[cost].push({ key, states, from, code });
  };
  const usable = wanted.map(() => new Map<number, readonly ReadableChar[]>());
  /** The characters that lead on from a state of one of the wanted automata. */
  const charsAt = (i: number, state: number): readonly ReadableChar[] => {
    let list = usable[i]!.get(state);
    if (list === undefined) {
      list = chars.filter(({ symbols }) => wanted[i]!.branches(state, symbols[i]!).length > 0);
      usable[i]!.set(state, list);
    }
    return list;
  };
  const work = (): number => automata.reduce((sum, dfa) => sum + dfa.work, 0);

  const start = automata.map((dfa) => dfa.start());
  enter(start, 0, undefined, SLASH);
  for (let cost = 0; cost < queue.length; cost += 1) {
    for (const place of queue[cost] ?? []) {
      if (budget.left <= 0) return 'gave up';
      if (best.get(place.key)! < cost) continue;
      const accepted = automata.every((dfa, i) => dfa.accepts(place.states[i]!) === i < wanted.length);
      if (accepted) return { found: spell(place) };
      const before = work();
      // Characters that lead to the same places differ only in looks, and the best looking come first.
      const tried: Places[] = [];
      const fewest = wanted
        .map((_, i) => charsAt(i, place.states[i]!))
        .reduce((a, b) => (b.length < a.length ? b : a));
      for (const { code, cost: charCost, symbols } of fewest) {
        const places = automata.map((dfa, i) =>
          i < wanted.length
            ? dfa.branches(place.states[i]!, symbols[i]!)
            : dfa.whole(place.states[i]!, symbols[i]!),
        );
        if (isAmong(tried, places)) continue;
        tried.push(places);
        const price = charCost + (code === DOT && place.code === SLASH ? SEGMENT_DOT_COST : 0);
        for (const states of choices(places)) enter(states, cost + price, place, code);
      }
      budget.left -= work() - before;
    }
    delete queue[cost];
  }
  return 'none';
}

/** For each automaton the states, of which one is to be taken, that a character leads to. */
type Places = readonly (readonly number[])[];

function isAmong(all: readonly Places[], places: Places): boolean {
  for (const other of all) {
    let i = 0;
    while (i < places.length && other[i] === places[i]) i += 1;
    if (i === places.length) return true;
  }
  return false;
}

/** Every way to take one state of each list. */
function choices(places: Places): number[][] {
  let ways: number[][] = [[]];
  for (const list of places) {
    if (list.length === 1) for (const way of ways) way.push(list[0]!);
    else ways = ways.flatMap((way) => list.map((state) => [...way, state]));
  }
  return ways;
}

/** The text that leads to a place. */
function spell(place: Place): string {
  let text = '';
  for (let at = place; at.from !== undefined; at = at.from) text = String.fromCharCode(at.code) + text;
  return text;
}
