import type { SecretFinder } from './secret-finder.js';

const MASK = Buffer.from('***');

/**
 * Replaces secrets by `***` in bytes that come in pieces, also when a secret is cut in two. What could be the beginning
 * of a secret is held back until the next piece (or `end`) tells. Secrets that overlap are masked together.
 */
export class SecretMask {
  #state = 0;
  /** What was read and not given yet, and the place of its first byte in the whole stream. */
  #held: Buffer = Buffer.alloc(0);
  #heldFrom = 0;
  /** Found, and not given yet: places in the whole stream, in order, apart from each other. */
  #found: { start: number; end: number }[] = [];
  /** Bytes before this place belong to a secret whose mask was given. */
  #maskedTo = 0;

  constructor(private readonly finder: SecretFinder) {}

  push(chunk: Buffer): Buffer {
    if (this.finder.empty) return chunk;
    const chunkFrom = this.#heldFrom + this.#held.length;
    this.#find(chunk, chunkFrom);
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    return this.#give(bytes, chunkFrom + chunk.length - this.finder.depth[this.#state]!);
  }

  /**
   * Gives what is left. `cut` says that the bytes were cut off here: a beginning of a secret that is at least so long
   * is masked too.
   */
  end(cut = Number.POSITIVE_INFINITY): Buffer {
    const end = this.#heldFrom + this.#held.length;
    const depth = this.finder.depth[this.#state]!;
    if (depth >= cut) this.#add(end - depth, end);
    this.#state = 0;
    return this.#give(this.#held, end);
  }

  #find(chunk: Buffer, chunkFrom: number): void {
    const { longest } = this.finder;
    let state = this.#state;
    for (let i = 0; i < chunk.length; i += 1) {
      state = this.finder.step(state, chunk[i]!);
      const length = longest[state]!;
      if (length !== 0) this.#add(chunkFrom + i + 1 - length, chunkFrom + i + 1);
    }
    this.#state = state;
  }

  /** Secrets are found in the order of their ends. */
  #add(start: number, end: number): void {
    let from = start;
    for (let last = this.#found.at(-1); last && last.end > from; last = this.#found.at(-1)) {
      from = Math.min(from, last.start);
      this.#found.pop();
    }
    this.#found.push({ start: from, end });
  }

  /** Gives what stands before `until`, masked, of bytes that begin at #heldFrom: what is found from now on begins later. */
  #give(bytes: Buffer, until: number): Buffer {
    const parts: Buffer[] = [];
    const from = this.#heldFrom;
    let given = Math.max(from, this.#maskedTo);
    let taken = 0;
    for (const { start, end } of this.#found) {
      if (start >= until) break;
      if (start >= given) parts.push(bytes.subarray(given - from, start - from));
      if (start >= this.#maskedTo) parts.push(MASK);
      given = this.#maskedTo = Math.max(end, given);
      taken += 1;
    }
    if (given < until) parts.push(bytes.subarray(given - from, until - from));
    this.#found.splice(0, taken);
    this.#held = Buffer.from(bytes.subarray(until - from));
    this.#heldFrom = until;
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  }
}
