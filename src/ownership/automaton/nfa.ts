import { type CharSet, contains, oneChar } from './char-set.js';
import type { Check, Expression } from './expression.js';

type Node =
  | { op: 'char'; set: CharSet; next: number }
  | { op: 'split'; to: number[] }
  | { op: 'check'; check: Check; next: number }
  | { op: 'match' };

/** What an automaton can do at a place of a text: take one more character from these states, or accept here. */
export interface Closure {
  readers: readonly number[];
  accepts: boolean;
}

/**
 * A state is `node * 4` plus what the checks passed on the way still ask of the text: nothing, a segment that goes on
 * with more than one dot, one that goes on at all, or that nothing follows.
 */
const ASKED = 4;
const NOTHING = 0;
const MORE_THAN_DOT = 1;
const MORE_IN_SEGMENT = 2;
const THE_END = 3;

const SLASH = 47;
const DOT = 46;

/** A nondeterministic automaton, by Thompson's construction: its size is linear in that of the expression. */
export class Nfa {
  readonly start: number;
  /** The sets that its characters are told apart by. */
  readonly sets = new Set<CharSet>([oneChar(DOT), oneChar(SLASH)]);
  readonly #nodes: Node[] = [{ op: 'match' }];

  constructor(expression: Expression) {
    this.start = this.#compile(expression, 0) * ASKED;
  }

  /** Where it gets from states without taking a character. */
  closure(states: readonly number[]): Closure {
    const waiting = [...states];
    const seen = new Set<number>();
    const readers: number[] = [];
    let accepts = false;
    for (let state = waiting.pop(); state !== undefined; state = waiting.pop()) {
      if (seen.has(state)) continue;
      seen.add(state);
      const asked = state % ASKED;
      const node = this.#nodes[(state - asked) / ASKED]!;
      switch (node.op) {
        case 'char':
          if (asked !== THE_END) readers.push(state);
          break;
        case 'split':
          for (const to of node.to) waiting.push(to * ASKED + asked);
          break;
        case 'check': {
          const then = afterCheck(node.check, asked);
          if (then !== undefined) waiting.push(node.next * ASKED + then);
          break;
        }
        case 'match':
          accepts ||= asked === NOTHING || asked === THE_END;
          break;
        default:
          node satisfies never;
      }
    }
    return { readers: readers.sort((a, b) => a - b), accepts };
  }

  /** The states behind a character. */
  after(readers: readonly number[], code: number): number[] {
    const states: number[] = [];
    for (const state of readers) {
      const asked = state % ASKED;
      const node = this.#nodes[(state - asked) / ASKED]!;
      if (node.op !== 'char' || !contains(node.set, code) || (asked !== NOTHING && code === SLASH)) continue;
      states.push(node.next * ASKED + (asked === MORE_THAN_DOT && code === DOT ? MORE_IN_SEGMENT : NOTHING));
    }
    return states;
  }

  #compile(part: Expression, next: number): number {
    switch (part.type) {
      case 'char':
        this.sets.add(part.set);
        return this.#add({ op: 'char', set: part.set, next });
      case 'check':
        return this.#add({ op: 'check', check: part.check, next });
      case 'seq':
        return part.items.reduceRight((after, item) => this.#compile(item, after), next);
      case 'alt':
        return this.#add({ op: 'split', to: part.items.map((item) => this.#compile(item, next)) });
      case 'repeat': {
        const to = [next];
        const split = this.#add({ op: 'split', to });
        const turn = this.#compile(part.body, part.times === '?' ? next : split);
        to.push(turn);
        return part.times === '+' ? turn : split;
      }
      default:
        return part satisfies never;
    }
  }

  #add(node: Node): number {
    return this.#nodes.push(node) - 1;
  }
}

/** What is asked of the text behind a check, or nothing when that contradicts what was asked before. */
function afterCheck(check: Check, asked: number): number | undefined {
  if (check === 'end') return asked === NOTHING || asked === THE_END ? THE_END : undefined;
  if (asked === THE_END) return undefined;
  return check === 'more' ? asked : MORE_THAN_DOT;
}
