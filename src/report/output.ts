import type { Writable } from 'node:stream';
import { isReaderGone } from '../util/errors.js';

/** Streams that already have the listener: it stays for good, since a broken pipe can be noticed long after a write. */
const guarded = new WeakMap<Writable, { broken: boolean }>();

/** Writes to a stream so that a reader who goes away never ends the run; any other failure is told once on `complaints`. */
export class Output {
  readonly #state: { broken: boolean };

  /** `filter` is applied to everything written. */
  constructor(
    private readonly stream: Writable,
    complaints: Writable,
    private readonly filter = (text: string) => text,
  ) {
    const known = guarded.get(stream);
    this.#state = known ?? { broken: false };
    if (known) return;
    guarded.set(stream, this.#state);
    stream.on('error', (error: NodeJS.ErrnoException) => {
      const first = !this.#state.broken;
      this.#state.broken = true;
      if (!first || isReaderGone(error) || complaints === stream) return;
      complaints.write(`forge: output is lost from here on, the run goes on: ${error.message}\n`);
    });
  }

  write(text: string): void {
    if (text !== '' && !this.#state.broken && this.stream.writable) this.stream.write(this.filter(text));
  }

  lines(lines: readonly string[]): void {
    if (lines.length > 0) this.write(`${lines.join('\n')}\n`);
  }

  /** Resolves when everything written so far was taken (or nobody reads). */
  flush(): Promise<void> {
    if (this.#state.broken || !this.stream.writable) return Promise.resolve();
    return new Promise((resolve) => {
      // The callback gets the error of a broken stream; the listener above has dealt with it.
      this.stream.write('', () => resolve());
    });
  }
}
