import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { isatty } from 'node:tty';
import { ask } from './ask.js';

const QUESTION = 'Ready to merge?  1) Yes  2) Review changes  3) Abort  ';

/**
 * Whether to merge: asked on the terminal until there is an answer. The end of input and Ctrl-C mean no. `preview` is shown
 * first, `diff` whenever somebody wants to review it.
 */
export async function askToMerge(
  preview: string,
  diff: () => Promise<Buffer>,
  signal: AbortSignal,
): Promise<boolean> {
  process.stdout.write(preview);
  for (;;) {
    const answer = await answerOf(signal);
    if (answer === undefined || ['3', 'a', 'abort', 'n', 'no'].includes(answer)) return false;
    if (['1', 'y', 'yes'].includes(answer)) return true;
    if (['2', 'r', 'review'].includes(answer)) await page(await diff());
    else process.stdout.write('Please answer 1, 2 or 3.\n');
  }
}

/** undefined when the input ends or the run is interrupted. */
async function answerOf(signal: AbortSignal): Promise<string | undefined> {
  // In raw mode Ctrl-C is a key, not a signal: pass it on to the run's own handler.
  const answer = await ask(QUESTION, { signal, onCtrlC: () => process.kill(process.pid, 'SIGINT') });
  // A terminal that is gone has told so, and the run is interrupted, not declined.
  if (answer === undefined && !isatty(0)) await aborted(signal);
  return answer;
}

/** Nothing else may be left to keep node from ending before it hears of the signal. */
async function aborted(signal: AbortSignal): Promise<void> {
  const awake = setInterval(() => undefined, 1000);
  if (!signal.aborted) await once(signal, 'abort');
  clearInterval(awake);
}

/** Shows text in the user's pager, as git does. */
async function page(text: Buffer): Promise<void> {
  const pager = process.env.FORGE_PAGER ?? process.env.GIT_PAGER ?? process.env.PAGER ?? 'less -R';
  const child = spawn('sh', ['-c', pager], { stdio: ['pipe', 'inherit', 'inherit'] });
  // A pager that is left early closes its input.
  child.stdin.on('error', () => undefined);
  child.stdin.end(text);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  if (code === 127) process.stdout.write(text);
}
