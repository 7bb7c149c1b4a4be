/**
 * Finds any of many byte strings in one pass, whatever they are (Aho and Corasick, 1975): a step a byte, however many
 * and long the strings are and however alike. A state is the longest beginning of a string that the bytes read so far
 * end with; 0 is none.
 */
export class SecretFinder {
  /** For each state: how many bytes it stands for. */
  readonly depth: Int32Array;
  /** For each state: the longest string that the bytes read so far end with, 0 for none. */
  readonly longest: Int32Array;
  /** Where the first byte leads, and the byte after it (by both bytes): most of what is read gets no further. */
  readonly #first = new Int32Array(256);
  readonly #second = new Int32Array(256 * 256);
  /** Deeper states: their children as linked lists (most have one), and where to go on when none fits. */
  readonly #child: Int32Array;
  readonly #sibling: Int32Array;
  readonly #byte: Uint8Array;
  readonly #fallback: Int32Array;
  #states = 1;

  constructor(strings: Iterable<Buffer>) {
    const all = [...strings].filter(({ length }) => length > 0);
    const most = all.reduce((sum, { length }) => sum + length, 1);
    this.depth = new Int32Array(most);
    this.longest = new Int32Array(most);
    this.#child = new Int32Array(most);
    this.#sibling = new Int32Array(most);
    this.#byte = new Uint8Array(most);
    this.#fallback = new Int32Array(most);
    for (const string of all) this.#add(string);
    this.#link();
  }

  get empty(): boolean {
    return this.#states === 1;
  }

  /** The state after one more byte. */
  step(from: number, byte: number): number {
    let state = from;
    while (state !== 0) {
      if (this.depth[state] === 1) return this.#second[this.#byte[state]! * 256 + byte]!;
      const next = this.#childOf(state, byte);
      if (next !== 0) return next;
      state = this.#fallback[state]!;
    }
    return this.#first[byte]!;
  }

  #childOf(state: number, byte: number): number {
    if (state === 0) return this.#first[byte]!;
    let child = this.#child[state]!;
    while (child !== 0 && this.#byte[child] !== byte) child = this.#sibling[child]!;
    return child;
  }

  #add(string: Buffer): void {
    let state = 0;
    for (const byte of string) {
      let next = this.#childOf(state, byte);
      if (next === 0) {
        next = this.#states;
        this.#states += 1;
        this.#byte[next] = byte;
        this.depth[next] = this.depth[state]! + 1;
        if (state === 0) this.#first[byte] = next;
        else {
          this.#sibling[next] = this.#child[state]!;
          this.#child[state] = next;
        }
      }
      state = next;
    }
    this.longest[state] = string.length;
  }

  /** Sets where states fall back to, shallow ones first: what a state falls back to is shallower than itself. */
  #link(): void {
    const queue = new Int32Array(this.#states);
    let end = 0;
    for (const state of this.#first) {
      if (state === 0) continue;
      queue[end++] = state;
      this.#second.set(this.#first, this.#byte[state]! * 256);
      for (let child = this.#child[state]!; child !== 0; child = this.#sibling[child]!)
        this.#second[this.#byte[state]! * 256 + this.#byte[child]!] = child;
    }
    for (let at = 0; at < end; at += 1) {
      const state = queue[at]!;
      const shorter = this.#fallback[state]!;
      if (this.longest[state] === 0) this.longest[state] = this.longest[shorter]!;
      for (let child = this.#child[state]!; child !== 0; child = this.#sibling[child]!) {
        this.#fallback[child] = this.step(shorter, this.#byte[child]!);
        queue[end++] = child;
      }
    }
  }
}
