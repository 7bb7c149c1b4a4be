import { closeSync, openSync, readSync, statSync, truncateSync } from 'node:fs';
import { ForgeError } from '../util/errors.js';
import type { EventBody, ForgeEvent } from './event.js';
import { foldEvents, type RunView } from './run-view.js';

/** A journal that is damaged before its last line: nothing can be concluded from it. */
export class JournalDamagedError extends ForgeError {
  constructor(
    readonly file: string,
    readonly line: number,
  ) {
    super(
      `${file}:${line} is not a journal event; the journal is damaged, so forge won't guess what the run did`,
    );
  }
}

/** Types of events that are all somebody wants to know of: leaving out the others takes a fraction of the time. */
type Only = ReadonlySet<EventBody['type']>;

/**
 * The events of a journal, in order. A torn last line (no newline: forge died while writing it) is left out.
 * @throws JournalDamagedError, and what reading throws
 */
export function* readJournal(file: string, only?: Only): Generator<ForgeEvent> {
  let line = 0;
  for (const bytes of completeLines(file)) {
    const text = bytes.toString();
    line += 1;
    if (only && isOther(text, line, only)) continue;
    const event = parseEvent(text);
    if (event?.seq !== line) throw new JournalDamagedError(file, line);
    yield event;
  }
}

/** How far a run has come, by its journal. @throws as readJournal does */
export function replayRun(file: string, only?: Only): RunView {
  return foldEvents(readJournal(file, only));
}

/** The same, for commands that go on with other runs: of a journal that is damaged, the error that says so. */
export function replayUnlessDamaged(file: string): RunView | JournalDamagedError {
  try {
    return replayRun(file);
  } catch (error) {
    if (error instanceof JournalDamagedError) return error;
    throw error;
  }
}

/** Cuts off a torn last line, so that the next event starts on a line of its own. */
export function dropTornLine(file: string): void {
  let end = 0;
  for (const line of completeLines(file)) end += line.length + 1;
  if (end < statSync(file).size) truncateSync(file, end);
}

/** Whether a line is certainly an event of a type that nobody wants to know of. */
function isOther(text: string, line: number, only: ReadonlySet<string>): boolean {
  const [, seq, type] = /^\{"v":1,"seq":(\d+),"at":"[^"]*","run":"[^"]*","type":"([^"]*)"/.exec(text) ?? [];
  return Number(seq) === line && type !== undefined && !only.has(type);
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

/** Lines that end with a newline, without it, read in blocks: a long run's journal need not fit in memory. */
function* completeLines(file: string): Generator<Buffer> {
  const fd = openSync(file, 'r');
  try {
    const block = Buffer.alloc(64 * 1024);
    let rest: Buffer[] = [];
    for (;;) {
      const got = readSync(fd, block, 0, block.length, null);
      if (got === 0) return;
      let start = 0;
      for (let end = block.indexOf(10); end >= 0 && end < got; end = block.indexOf(10, start)) {
        const part = block.subarray(start, end);
        yield rest.length === 0 ? part : Buffer.concat([...rest, part]);
        rest = [];
        start = end + 1;
      }
      if (start < got) rest.push(Buffer.from(block.subarray(start, got)));
    }
  } finally {
    closeSync(fd);
  }
}
