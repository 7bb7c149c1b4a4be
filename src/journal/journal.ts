import { closeSync, fdatasync, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { ExitCode, explain, ForgeError } from '../util/errors.js';
import type { EventBody, ForgeEvent } from './event.js';
import { dropTornLine } from './replay.js';

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

/** The journal can't be written, so nothing more can be done safely. The message says what to do. */
export class JournalWriteError extends ForgeError {
  override name = 'JournalWriteError';
  constructor(file: string, run: string, cause: unknown) {
    super(
      `cannot write ${file}: ${explain(cause)}, then \`forge resume ${run}\` goes on with what is recorded`,
      ExitCode.failed,
      { cause },
    );
  }
}

/**
 * The append-only record of one run. Each event is one line, written at once; lines that change state are flushed to
 * disk in the background, several by one flush, and `synced()` waits for that.
 */
export class Journal {
  readonly #fd: number;
  readonly #file: string;
  readonly #run: string;
  #seq: number;
  #listeners: ((event: ForgeEvent) => void)[] = [];
  #redact = (body: EventBody) => body;
  #flushing: Promise<void> | undefined;
  #dirty = false;
  #failure: Error | undefined;

  /**
   * Opens the journal of a run for appending, without the torn line that a forge may have left at its end; `lastSeq` is the
   * number of its last event, 0 for a new one.
   */
  constructor(file: string, run: string, lastSeq = 0) {
    this.#fd = openSync(file, 'a', 0o600);
    dropTornLine(file);
    this.#file = file;
    this.#run = run;
    this.#seq = lastSeq;
  }

  /** Calls `listener` with every event appended from now on. */
  listen(listener: (event: ForgeEvent) => void): void {
    this.#listeners.push(listener);
  }

  /** Has every event pass through `redact` before it is written and anybody hears of it. */
  redactWith(redact: (body: EventBody) => EventBody): void {
    this.#redact = redact;
  }

  /**
   * Appends an event, and returns it with its envelope.
   * @throws JournalWriteError (disk full, …); then the journal is as it was.
   */
  append(body: EventBody): ForgeEvent {
    const seq = this.#seq + 1;
    const event: ForgeEvent = {
      v: 1,
      seq,
      at: new Date().toISOString(),
      run: this.#run,
      ...this.#redact(body),
    };
    try {
      writeWhole(this.#fd, Buffer.from(`${JSON.stringify(event)}\n`));
    } catch (error) {
      throw new JournalWriteError(this.#file, this.#run, error);
    }
    this.#seq = seq;
    if (STATE_CHANGES.has(body.type)) this.#flush();
    for (const listener of this.#listeners) listener(event);
    return event;
  }

  /** Resolves when every state change appended so far is on disk; rejects when the disk refused. */
  async synced(): Promise<void> {
    while (this.#flushing) await this.#flushing;
    if (this.#failure) throw this.#failure;
  }

  /** Waits for the disk and closes the file. */
  async close(): Promise<void> {
    await this.synced();
    closeSync(this.#fd);
  }

  #flush(): void {
    this.#dirty = true;
    if (this.#flushing) return;
    this.#flushing = (async () => {
      while (this.#dirty) {
        this.#dirty = false;
        await new Promise<void>((resolve) =>
          fdatasync(this.#fd, (error) => {
            if (error) this.#failure = new JournalWriteError(this.#file, this.#run, error);
            resolve();
          }),
        );
      }
      this.#flushing = undefined;
    })();
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
