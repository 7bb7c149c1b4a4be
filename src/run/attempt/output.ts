import { type FileHandle, open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { Redactor } from '../secrets/redactor.js';

/** An attempt or gate that prints more than this (bytes) is ended: its log would fill the disk. */
const LARGEST_LOG = 256 * 1024 * 1024;

/** A line longer than this (characters) reaches its reader cut; the log has it whole. */
const LONGEST_LINE = 1024 * 1024;

/** The output of an attempt or gate, on disk as it comes, secrets masked; forge never holds more than a line of it. */
export class OutputLog {
  #written = 0;
  #file: Promise<FileHandle> | undefined;

  /** Appends to a file that is made when there is something to be written into it. */
  constructor(
    private readonly path: string,
    private readonly redactor: Redactor,
  ) {}

  /** Writes text of forge's own (a heading) between the outputs of commands. */
  async note(text: string): Promise<void> {
    await this.#append(this.redactor.text(text));
  }

  /**
   * Copies a stream to the log and hands its lines to `line`, secrets masked in both, until it ends. `written` gets the
   * lines as they are: a mask could damage what a program must read. Waits for the disk when it is slower than the command.
   * @throws Error for more than LARGEST_LOG, and what writing the log throws (ENOSPC, …)
   */
  async copy(
    stream: Readable,
    line: (text: string) => void,
    written?: (text: string) => void,
  ): Promise<void> {
    const lines = new LineSplitter(line);
    const writtenLines = written && new LineSplitter(written);
    const mask = this.redactor.mask();
    const write = async (bytes: Buffer) => {
      if (bytes.length === 0) return;
      lines.push(bytes);
      this.#written += bytes.length;
      if (this.#written > LARGEST_LOG) {
        const mebibytes = LARGEST_LOG / 1024 / 1024;
        throw new Error(`printed more than ${mebibytes} MiB; send large output to a file that it owns`);
      }
      await this.#append(bytes);
    };
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      writtenLines?.push(chunk);
      await write(mask.push(chunk));
    }
    writtenLines?.end();
    await write(mask.end());
    lines.end();
  }

  /** Waits for what is being written. */
  async close(): Promise<void> {
    // Why it could not be opened was told to who wrote.
    const file = await this.#file?.catch(() => undefined);
    await file?.close();
  }

  async #append(data: string | Buffer): Promise<void> {
    this.#file ??= open(this.path, 'a', 0o600);
    await (await this.#file).appendFile(data);
  }
}

/** Cuts a stream of bytes into lines of at most LONGEST_LINE characters; what is not UTF-8 becomes U+FFFD. */
class LineSplitter {
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';

  constructor(private readonly line: (text: string) => void) {}

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
    if (this.#rest !== '') this.#emit();
  }

  #keep(part: string): void {
    this.#rest += part.slice(0, LONGEST_LINE - this.#rest.length);
  }

  #emit(): void {
    const text = this.#rest;
    this.#rest = '';
    this.line(text.endsWith('\r') ? text.slice(0, -1) : text);
  }
}

/** Characters of verify's output that a retry's prompt gets, and of standard error that an adapter gets to judge. */
const TAIL = 4_096;

/** Keeps the last TAIL characters of the lines it is given. */
export class Tail {
  #lines: string[] = [];
  #length = 0;

  add(line: string): void {
    const kept = line.slice(-TAIL);
    this.#lines.push(kept);
    this.#length += kept.length + 1;
    while (this.#length > TAIL && this.#lines.length > 1) this.#length -= this.#lines.shift()!.length + 1;
  }

  get text(): string {
    return this.#lines.join('\n');
  }
}
