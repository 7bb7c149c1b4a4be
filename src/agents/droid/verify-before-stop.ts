import { appendFileSync, closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../util/process/run-program.js';
import type { HookTask } from './settings.js';

/** How often one session is sent back to work. After that forge's own `verify` judges, and a retry starts afresh. */
const MOST_SENT_BACK = 3;

/** How much of verify's output the agent is shown. */
const TAIL_LINES = 80;
const TAIL_BYTES = 8000;

/**
 * Sends an agent that wants to stop back to work while its task's `verify` fails: what it is told then. undefined lets it
 * stop: verify passed, took longer than it may, or the agent was sent back MOST_SENT_BACK times already. Remembers in
 * `scratch`: `verify-sent-back` grows by a byte each time, `verify-output` is what verify printed.
 */
export async function verifyBeforeStop(task: HookTask): Promise<string | undefined> {
  const { verify, scratch } = task;
  const counter = join(scratch, 'verify-sent-back');
  const timesSentBack = statSync(counter, { throwIfNoEntry: false })?.size ?? 0;
  if (verify === undefined || timesSentBack >= MOST_SENT_BACK) return undefined;
  // A file and not a pipe: a server that verify leaves behind must not keep us waiting for the end of its output.
  const output = openSync(join(scratch, 'verify-output'), 'w+');
  try {
    const { ok, exitCode, signal, notStarted, stopped } = await run('sh', ['-c', verify], {
      cwd: task.workspace,
      env: process.env,
      fds: { stdout: output, stderr: output },
      timeoutMs: task.verifyTimeoutMs,
    });
    if (notStarted !== undefined) throw notStarted;
    if (ok || stopped !== undefined) return undefined;
    appendFileSync(counter, '.');
    return [
      `VERIFY FAILED: \`${verify}\` ended with ${signal ?? `exit code ${exitCode}`}. Its last lines:`,
      tail(output) || '(it printed nothing)',
      `Repair the cause within what task '${task.id}' may write, then finish. The command is run again when you stop.`,
    ].join('\n\n');
  } finally {
    closeSync(output);
  }
}

function tail(file: number): string {
  const { size } = fstatSync(file);
  const bytes = Buffer.alloc(Math.min(size, TAIL_BYTES));
  readSync(file, bytes, 0, bytes.length, size - bytes.length);
  return bytes.toString('utf8').trimEnd().split('\n').slice(-TAIL_LINES).join('\n');
}
