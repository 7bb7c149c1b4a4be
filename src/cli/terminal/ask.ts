import { closeSync, constants, openSync, readSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { isatty } from 'node:tty';
import { sanitize } from '../../util/text/sanitize.js';

const CTRL_C = 3;

/**
 * One question on the terminal, and its answer in lower case. What was typed before it was asked is no answer to it.
 * undefined: the input ended, the terminal went away (which is then told to ourselves, by SIGHUP, in case the kernel told
 * only somebody else) or `signal` aborted. Ctrl-C calls `onCtrlC`, and the answer is undefined when that ends it.
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
 * What waits in the terminal's line buffer, taken out of it. In raw mode that is also a line that was not ended yet; the
 * interface that asks wants that mode anyway.
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

/**
 * Asks about each file whether to overwrite it. Gives those to overwrite, or how the user left (q or the end of input,
 * Ctrl-C), so that nothing is to be done at all.
 */
export async function askAboutFiles(
  paths: readonly string[],
): Promise<ReadonlySet<string> | 'declined' | 'interrupted'> {
  const chosen = new Set<string>();
  let leaving: 'declined' | 'interrupted' = 'declined';
  const onCtrlC = (stop: () => void) => {
    leaving = 'interrupted';
    stop();
  };
  for (const [index, path] of paths.entries()) {
    const question = `${sanitize(path)} was changed, or is not from forge. Overwrite it? [y]es, [n]o, [a]ll, [q]uit `;
    let answer: string | undefined;
    do {
      answer = await ask(question, { onCtrlC });
      if (answer === undefined || answer === 'q' || answer === 'quit') return leaving;
      if (answer === 'a' || answer === 'all') return new Set([...chosen, ...paths.slice(index)]);
      if (answer === 'y' || answer === 'yes') chosen.add(path);
    } while (!['y', 'yes', 'n', 'no', ''].includes(answer));
  }
  return chosen;
}
