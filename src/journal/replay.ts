import { closeSync, fstatSync, ftruncateSync, openSync, readSync } from 'node:fs';
import { ForgeError } from '../util/errors/forge-error.js';
import type { ForgeEvent } from './event.js';

/** A journal that is damaged before its last line: nothing can be concluded from it. */
export class JournalDamagedError extends ForgeError {
  override name = 'JournalDamagedError';
  constructor(
    readonly file: string,
    readonly line: number,
  ) {
    super(
      `${file}:${line} is not a journal event; the journal is damaged, so forge won't guess what the run did`,
    );
  }
}

/**
 * Reads a journal back. A torn last line (no newline: forge died while writing it) is left out.
 * Takes the file's path; gives its events in order. Throws JournalDamagedError, or what reading throws.
 */
export function* readJournal(file: string): Generator<ForgeEvent> {
  let line = 0;
  let seq = 0;
  for (const text of completeLines(file)) {
    line += 1;
    const event = parseEvent(text);
    if (!event || event.seq !== seq + 1) throw new JournalDamagedError(file, line);
    seq = event.seq;
    yield event;
  }
}

/** What reading a journal gives, or the error that says it is damaged, for commands that go on with other runs. Throws everything else. */
export function unlessDamaged<T>(read: () => T): T | JournalDamagedError {
  try {
    return read();
  } catch (error) {
    if (error instanceof JournalDamagedError) return error;
    throw error;
  }
}

/** Cuts off a torn last line, so that the next event starts on a line of its own. */
export function dropTornLine(file: string): void {
  const fd = openSync(file, 'r+');
  try {
    const { size } = fstatSync(fd);
    const block = Buffer.alloc(64 * 1024);
    for (let end = size; end > 0; ) {
      const start = Math.max(0, end - block.length);
      const got = readSync(fd, block, 0, end - start, start);
      const newline = block.subarray(0, got).lastIndexOf(10);
      if (newline >= 0) {
        if (start + newline + 1 < size) ftruncateSync(fd, start + newline + 1);
        return;
      }
      end = start;
    }
    ftruncateSync(fd, 0);
  } finally {
    closeSync(fd);
  }
}

function parseEvent(text: string): ForgeEvent | undefined {
  try {
    const value = JSON.parse(text) as ForgeEvent | null;
    return typeof value === 'object' && value !== null && value.v === 1 ? value : undefined;
  } catch {
    // Not JSON: the caller reports the damaged line.
    return undefined;
  }
}

/** Lines that end with a newline, read in blocks: a long run's journal need not fit in memory. */
function* completeLines(file: string): Generator<string> {
  const fd = openSync(file, 'r');
  try {
    const block = Buffer.alloc(64 * 1024);
    let rest: Buffer[] = [];
    for (;;) {
      const got = readSync(fd, block, 0, block.length, null);
      if (got === 0) return;
      let start = 0;
      for (let end = block.indexOf(10); end >= 0 && end < got; end = block.indexOf(10, start)) {
        rest.push(Buffer.from(block.subarray(start, end)));
        yield Buffer.concat(rest).toString('utf8');
        rest = [];
        start = end + 1;
      }
      if (start < got) rest.push(Buffer.from(block.subarray(start, got)));
    }
  } finally {
    closeSync(fd);
  }
}
