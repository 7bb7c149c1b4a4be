import { closeSync, fdatasync, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import { ExitCode, explain, ForgeError } from '../util/errors.js';
import type { EventBody, ForgeEvent } from './event.js';
import { dropTornLine } from './replay.js';

const flushToDisk = promisify(fdatasync);

/** Types whose loss in a crash would lose or repeat work: the journal is flushed to disk after them. */
const STATE_CHANGES: ReadonlySet<EventBody['type']> = new Set([
  'run.started',
  'attempt.finished',
  'task.finished',
  'gate.finished',
  'merge.started',
  'merge.finished',
  'run.finished',
]);

/**
 * The append-only record of one run. Each event is one line, written at once; lines that change state are flushed to
 * disk in the background, several by one flush, and `synced()` waits for that.
 */
export class Journal {
  readonly #fd: number;
  #listener = (_event: ForgeEvent) => {};
  #redact = (body: EventBody) => body;
  /** The latest flush. Once the disk refused one, it and all that come later fail. */
  #flushed = Promise.resolve();
  #isToBeFlushed = false;

  /** Opens the journal of a run for appending, without the torn line that a forge may have left at its end. */
  constructor(
    private readonly file: string,
    private readonly run: string,
    /** The number of its last event. */
    private lastSeq = 0,
  ) {
    this.#fd = openSync(file, 'a', 0o600);
    dropTornLine(file);
  }

  /** Calls `listener` with every event appended from now on, as it was written: when it had passed through `redact`. */
  listen(listener: (event: ForgeEvent) => void, redact = this.#redact): void {
    this.#listener = listener;
    this.#redact = redact;
  }

  /** Appends an event. @throws ForgeError (disk full, …); then the journal is as it was */
  append(body: EventBody): void {
    const seq = this.lastSeq + 1;
    const at = new Date().toISOString();
    const event: ForgeEvent = { v: 1, seq, at, run: this.run, ...this.#redact(body) };
    try {
      writeWhole(this.#fd, Buffer.from(`${JSON.stringify(event)}\n`));
    } catch (error) {
      throw this.#notWritten(error);
    }
    this.lastSeq = seq;
    if (STATE_CHANGES.has(body.type)) this.#flush();
    this.#listener(event);
  }

  /** Resolves when every state change appended so far is on disk; rejects when the disk refused. */
  synced(): Promise<void> {
    return this.#flushed;
  }

  async close(): Promise<void> {
    await this.synced();
    closeSync(this.#fd);
  }

  #flush(): void {
    if (this.#isToBeFlushed) return;
    this.#isToBeFlushed = true;
    this.#flushed = this.#flushed.then(async () => {
      this.#isToBeFlushed = false;
      await flushToDisk(this.#fd).catch((error) => {
        throw this.#notWritten(error);
      });
    });
    // Told by `synced`.
    this.#flushed.catch(() => undefined);
  }

  /** Nothing more can be done safely. */
  #notWritten(cause: unknown): ForgeError {
    const way = `\`forge resume ${this.run}\` goes on with what is recorded`;
    return new ForgeError(`cannot write ${this.file}: ${explain(cause)}, then ${way}`, ExitCode.failed, {
      cause,
    });
  }
}

/** Appends all of a line or nothing: on a full disk a first part may get through, which would damage the line after it. */
function writeWhole(fd: number, bytes: Buffer): void {
  let written = 0;
  try {
    while (written < bytes.length) written += writeSync(fd, bytes, written);
  } catch (error) {
    if (written > 0) ftruncateSync(fd, fstatSync(fd).size - written);
    throw error;
  }
}
