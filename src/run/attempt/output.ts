import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { Redactor } from '../secrets/redactor.js';

/** An attempt or gate that prints more than this (bytes) is ended: its log would fill the disk. */
const LARGEST_LOG = 256 * 1024 * 1024;

/** A line longer than this (characters) reaches its reader cut; the log has it whole. */
const LONGEST_LINE = 1024 * 1024;

/** A command printed more than LARGEST_LOG. */
export class TooMuchOutputError extends Error {
  override name = 'TooMuchOutputError';
  constructor() {
    super(`printed more than ${LARGEST_LOG / 1024 / 1024} MiB; send large output to a file that it owns`);
  }
}

/** The output of an attempt or gate, on disk as it comes, secrets masked; forge never holds more than a line of it. */
export class OutputLog {
  readonly #file: WriteStream;
  readonly #redactor: Redactor;
  #written = 0;
  #failure: Error | undefined;

  /** Appends to `file`, or starts it anew when `fresh`. */
  constructor(file: string, options: { fresh?: boolean; redactor: Redactor }) {
    this.#redactor = options.redactor;
    this.#file = createWriteStream(file, { flags: options.fresh ? 'w' : 'a', mode: 0o600 });
    this.#file.on('error', (error) => {
      this.#failure = error;
    });
  }

  /** Writes text of forge's own (a heading) between the outputs of commands. */
  note(text: string): void {
    if (!this.#failure) this.#file.write(this.#redactor.text(text));
  }

  /**
   * Copies a stream to the log and hands its lines to `line`, secrets masked in both, until it ends. `written` gets the
   * lines as they are: a mask could damage what a program must read. Waits for the disk when it is slower than the
   * command. Rejects with what writing the log threw (ENOSPC, …) or TooMuchOutputError.
   */
  async copy(
    stream: Readable,
    line: (text: string) => void,
    written?: (text: string) => void,
  ): Promise<void> {
    const lines = new LineSplitter(line);
    const writtenLines = written && new LineSplitter(written);
    const mask = this.#redactor.mask();
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      writtenLines?.push(chunk);
      const bytes = mask.push(chunk);
      lines.push(bytes);
      await this.#write(bytes);
    }
    writtenLines?.end();
    const rest = mask.end();
    lines.push(rest);
    await this.#write(rest);
    lines.end();
  }

  async #write(bytes: Buffer): Promise<void> {
    if (this.#failure) throw this.#failure;
    this.#written += bytes.length;
    if (this.#written > LARGEST_LOG) throw new TooMuchOutputError();
    if (this.#file.write(bytes)) return;
    const waiting = new AbortController();
    const { signal } = waiting;
    try {
      await Promise.race([once(this.#file, 'drain', { signal }), once(this.#file, 'close', { signal })]);
    } finally {
      // What did not come would go on listening, once more for every wait.
      waiting.abort();
    }
  }

  /** Resolves when everything is written. Rejects with what writing threw. */
  async close(): Promise<void> {
    if (!this.#failure) {
      this.#file.end();
      await once(this.#file, 'close');
    }
    if (this.#failure) throw this.#failure;
  }
}

/** Cuts a stream of bytes into lines of at most LONGEST_LINE characters; what is not UTF-8 becomes U+FFFD. */
export class LineSplitter {
  readonly #decoder = new StringDecoder('utf8');
  readonly #line: (text: string) => void;
  #rest: string[] = [];
  #length = 0;

  constructor(line: (text: string) => void) {
    this.#line = line;
  }

  push(chunk: Buffer): void {
    const text = this.#decoder.write(chunk);
    let start = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      this.#keep(text.slice(start, end));
      this.#emit();
      start = end + 1;
    }
    this.#keep(text.slice(start));
  }

  end(): void {
    this.#keep(this.#decoder.end());
    if (this.#length > 0) this.#emit();
  }

  #keep(part: string): void {
    const room = LONGEST_LINE - this.#length;
    if (part.length === 0 || room <= 0) return;
    this.#rest.push(part.length > room ? part.slice(0, room) : part);
    this.#length += Math.min(part.length, room);
  }

  #emit(): void {
    const text = this.#rest.join('');
    this.#rest = [];
    this.#length = 0;
    this.#line(text.endsWith('\r') ? text.slice(0, -1) : text);
  }
}

/** Keeps the last `limit` characters of the lines it is given. */
export class Tail {
  #lines: string[] = [];
  #length = 0;

  constructor(readonly limit: number) {}

  add(line: string): void {
    const kept = line.slice(-this.limit);
    this.#lines.push(kept);
    this.#length += kept.length + 1;
    while (this.#length > this.limit && this.#lines.length > 1)
      this.#length -= this.#lines.shift()!.length + 1;
  }

  get text(): string {
    return this.#lines.join('\n');
  }
}
