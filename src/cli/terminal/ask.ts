import { closeSync, constants, openSync, readSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { isatty } from 'node:tty';

const CTRL_C = 3;

/**
 * Asks one question on the terminal. What was typed before it was asked is no answer to it. undefined: the input ended,
 * the terminal went away (which is then told to ourselves, by SIGHUP, in case the kernel told only somebody else) or
 * `signal` aborted. Ctrl-C calls `onCtrlC`, and the answer is undefined when that ends it.
 */
export async function ask(
  question: string,
  options: { onCtrlC: (stop: () => void) => void; signal?: AbortSignal },
): Promise<string | undefined> {
  const { onCtrlC, signal } = options;
  const leave = new AbortController();
  // A terminal that goes away is an error of its streams: the question ends, as at the end of the input.
  const lost = () => leave.abort();
  process.stdin.on('error', lost);
  const pressed = forgetTypedAhead();
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  terminal.on('error', lost);
  terminal.on('close', lost);
  terminal.on('SIGINT', () => onCtrlC(lost));
  if (pressed.includes(CTRL_C)) onCtrlC(lost);
  const ended = AbortSignal.any(signal ? [leave.signal, signal] : [leave.signal]);
  try {
    return (await terminal.question(question, { signal: ended })).trim().toLowerCase();
  } catch (error) {
    if (!ended.aborted) throw error;
    if (!isatty(0)) process.kill(process.pid, 'SIGHUP');
    return undefined;
  } finally {
    terminal.close();
    process.stdin.off('error', lost);
  }
}

/**
 * Takes what waits in the terminal's line buffer, and gives it. In raw mode that is also a line that was not ended yet;
 * the interface that asks wants that mode anyway.
 */
function forgetTypedAhead(): Buffer {
  process.stdin.setRawMode(true);
  const taken: Buffer[] = [];
  for (let chunk = process.stdin.read(); chunk !== null; chunk = process.stdin.read())
    taken.push(Buffer.from(chunk));
  const block = Buffer.alloc(4096);
  let terminal: number | undefined;
  try {
    // A description of our own: whether reading it waits is nobody else's business.
    terminal = openSync('/dev/tty', constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    for (let got = readSync(terminal, block); got > 0; got = readSync(terminal, block))
      taken.push(Buffer.from(block.subarray(0, got)));
  } catch {
    // EAGAIN: that was all. ENXIO, EIO: it is not ours to read, or it is gone; then nothing waits there for us.
  } finally {
    if (terminal !== undefined) closeSync(terminal);
  }
  return Buffer.concat(taken);
}
