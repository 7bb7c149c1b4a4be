import { spawn } from 'node:child_process';
import { appendFileSync, closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { HookTask } from './settings.js';

/** How often one session is sent back to work. After that forge's own `verify` judges, and a retry starts afresh. */
export const MOST_SENT_BACK = 3;

/** How much of verify's output the agent is shown. */
const TAIL_LINES = 80;
const TAIL_BYTES = 8000;

/**
 * Runs the task's `verify` when its agent wants to stop; gives what the agent is told when it fails, or undefined to
 * let it stop: verify passed, took longer than it may, or the agent was sent back MOST_SENT_BACK times already.
 * Remembers in `scratch`: `verify-sent-back` grows by a byte each time, `verify-output` is what verify printed.
 */
export async function verifyBeforeStop(task: HookTask): Promise<string | undefined> {
  const { verify, scratch } = task;
  const counter = join(scratch, 'verify-sent-back');
  const timesSentBack = statSync(counter, { throwIfNoEntry: false })?.size ?? 0;
  if (verify === undefined || timesSentBack >= MOST_SENT_BACK) return undefined;
  // A file and not a pipe: a server that verify leaves behind must not keep us waiting for the end of its output.
  const output = openSync(join(scratch, 'verify-output'), 'w+');
  try {
    const how = await runVerify(verify, task.workspace, task.verifyTimeoutMs, output);
    if (how === 'passed' || how === 'timed out') return undefined;
    appendFileSync(counter, '.');
    return [
      `VERIFY FAILED: \`${verify}\` ended with ${how}. Its last lines:`,
      tail(output) || '(it printed nothing)',
      `Repair the cause within what task '${task.id}' may write, then finish. The command is run again when you stop.`,
    ].join('\n\n');
  } finally {
    closeSync(output);
  }
}

/** Gives `passed`, `timed out`, or how it failed. */
function runVerify(verify: string, cwd: string, timeoutMs: number, output: number): Promise<string> {
  return new Promise((resolve, reject) => {
    // A group of its own, so that a timeout ends what verify started as well.
    const child = spawn('sh', ['-c', verify], { cwd, detached: true, stdio: ['ignore', output, output] });
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    }, timeoutMs);
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on('exit', (exitCode, signal) => {
      clearTimeout(timer);
      if (timedOut) resolve('timed out');
      else if (exitCode === 0) resolve('passed');
      else resolve(signal ?? `exit code ${exitCode}`);
    });
  });
}

function tail(file: number): string {
  const { size } = fstatSync(file);
  const bytes = Buffer.alloc(Math.min(size, TAIL_BYTES));
  readSync(file, bytes, 0, bytes.length, size - bytes.length);
  return bytes.toString('utf8').trimEnd().split('\n').slice(-TAIL_LINES).join('\n');
}
