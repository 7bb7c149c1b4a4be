import { type CharSet, caseFolding, contains } from './char-set.js';
import type { Expression } from './expression.js';
import { type Closure, Nfa } from './nfa.js';

interface State extends Closure {
  /** State behind each class of character, as far as they are known. */
  next: (number | undefined)[];
  /** The same, each state of the underlying automaton by itself. */
  branches: (readonly number[] | undefined)[];
  /** The list of just this state. */
  alone: readonly number[];
}

/** States may take this many numbers, a few dozen megabytes at most; then they are made anew. */
const MOST_WORK = 1_000_000;

/**
 * A deterministic automaton for an expression by the subset construction, lazily: states are numbers, made when first
 * met and kept. It works with classes of characters that the expression does not tell apart, also numbers. With
 * `folded`, characters are folded as in `caseFolding` before they are read. There is nothing to try and take back: time
 * grows with length x nodes at worst, and a second text costs one look-up per character.
 */
export class LazyDfa {
  /** How many states of the underlying automaton were looked at so far: a measure of time and of memory. */
  work = 0;
  readonly #nfa: Nfa;
  readonly #sets: readonly CharSet[];
  readonly #folding: Uint16Array | undefined;
  /** The class of each code unit met so far, the classes by the sets that they lie in, and a member of each. */
  readonly #symbols = new Map<number, number>();
  readonly #classes = new Map<string, number>();
  readonly #members: number[] = [];
  #states: State[] = [];
  #index = new Map<string, number>();
  #lists = new Map<string, readonly number[]>();

  constructor(expression: Expression, folded: boolean) {
    this.#nfa = new Nfa(expression);
    this.#sets = [...this.#nfa.sets];
    this.#folding = folded ? caseFolding() : undefined;
  }

  /** First code units of intervals within which all characters are of one class. */
  get cuts(): number[] {
    const edges = this.#sets.flatMap((set) => set.map((code, i) => code + (i % 2)));
    return edges.filter((code) => code <= 0xffff);
  }

  /** The class of a code unit. */
  symbolOf(code: number): number {
    const known = this.#symbols.get(code);
    if (known !== undefined) return known;
    const read = this.#folding?.[code] ?? code;
    const key = this.#sets.map((set) => (contains(set, read) ? '1' : '0')).join('');
    const symbol = this.#classes.get(key) ?? this.#members.push(read) - 1;
    this.#classes.set(key, symbol);
    this.#symbols.set(code, symbol);
    return symbol;
  }

  /** The state before any text. Numbers of states that were given before may be void then. */
  start(): number {
    this.#limit();
    return this.#intern([this.#nfa.start]);
  }

  accepts(state: number): boolean {
    return this.#states[state]!.accepts;
  }

  /** Whether nothing is accepted from here on. */
  isDead(state: number): boolean {
    const { readers, accepts } = this.#states[state]!;
    return readers.length === 0 && !accepts;
  }

  /** The state behind a character of a class. */
  next(state: number, symbol: number): number {
    const { next, readers } = this.#states[state]!;
    next[symbol] ??= this.#intern(this.#nfa.after(readers, this.#members[symbol]!));
    return next[symbol];
  }

  /**
   * The states behind a character of a class that are not dead, one for each way that the underlying automaton may take:
   * each has far fewer states behind it than all of them together. Equal lists are one object.
   */
  branches(state: number, symbol: number): readonly number[] {
    const { branches, readers } = this.#states[state]!;
    branches[symbol] ??= this.#list(this.#nfa.after(readers, this.#members[symbol]!));
    return branches[symbol];
  }

  /** The state behind a character of a class, as a list. */
  whole(state: number, symbol: number): readonly number[] {
    return this.#states[this.next(state, symbol)]!.alone;
  }

  /** Whether a whole text is accepted. */
  matches(text: string): boolean {
    let at = this.start();
    for (let i = 0; i < text.length; i += 1) {
      const { readers } = this.#states[at]!;
      if (this.#limit()) at = this.#intern(readers);
      at = this.next(at, this.symbolOf(text.charCodeAt(i)));
      if (this.isDead(at)) return false;
    }
    return this.accepts(at);
  }

  #list(single: readonly number[]): readonly number[] {
    const live = [...new Set(single.map((one) => this.#intern([one])))].filter((one) => !this.isDead(one));
    if (live.length === 1) return this.#states[live[0]!]!.alone;
    const key = live.join();
    const list = this.#lists.get(key) ?? live;
    this.#lists.set(key, list);
    return list;
  }

  /** Forgets all states when they are too many. */
  #limit(): boolean {
    if (this.work < MOST_WORK) return false;
    this.work = 0;
    this.#states = [];
    this.#index = new Map();
    this.#lists = new Map();
    return true;
  }

  #intern(states: readonly number[]): number {
    const closure = this.#nfa.closure(states);
    const key = `${closure.readers.join()}${closure.accepts ? '!' : ''}`;
    this.work += 1 + closure.readers.length;
    const known = this.#index.get(key);
    if (known !== undefined) return known;
    const added = this.#states.length;
    this.#states.push({ ...closure, next: [], branches: [], alone: [added] });
    this.#index.set(key, added);
    return added;
  }
}
