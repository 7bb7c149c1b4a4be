import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { unless } from '../errors.js';

/** How long what was asked to end (SIGTERM) gets before SIGKILL, in milliseconds (DESIGN section 6). */
export const GRACE_MS = 5_000;

/** Why something was ended by forge: its time was up, or it was no longer wanted. */
export type Stopped = 'timeout' | 'cancelled';

/**
 * Waits until something that runs has ended. When its time is up or `signal` aborts, it is asked to end, and killed
 * where it is still there after the grace time; the end of what was killed is not waited for.
 */
export async function endWithGrace(running: {
  ended: Promise<unknown>;
  kill: (signal: 'SIGTERM' | 'SIGKILL') => void;
  timeoutMs?: number;
  signal?: AbortSignal;
  /** Default: GRACE_MS; 0 = it is killed without being asked. */
  graceMs?: number;
}): Promise<Stopped | undefined> {
  const { ended, kill, timeoutMs = Number.POSITIVE_INFINITY, signal, graceMs = GRACE_MS } = running;
  const stopped = await firstOf(ended, timeoutMs, signal);
  if (stopped === undefined) return undefined;
  if (graceMs > 0) {
    kill('SIGTERM');
    if ((await firstOf(ended, graceMs)) === undefined) return stopped;
  }
  kill('SIGKILL');
  return stopped;
}

/** What came before the end of something; undefined when it ended first. */
export async function firstOf(
  ended: Promise<unknown>,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<Stopped | undefined> {
  if (signal?.aborted) return 'cancelled';
  const over = new AbortController();
  // setTimeout overflows beyond 2^31 - 1 ms (24.8 days).
  const time = sleep(Math.min(timeoutMs, 2 ** 31 - 1), 'timeout' as const, { signal: over.signal });
  const ways: Promise<Stopped | undefined>[] = [ended.then(() => undefined), time];
  if (signal) ways.push(once(signal, 'abort', { signal: over.signal }).then(() => 'cancelled'));
  try {
    return await Promise.race(ways);
  } finally {
    over.abort();
  }
}

/**
 * Sends a signal; a process that is gone already is fine, and one of another user (`sudo` in a task), which we may not
 * end, must not keep the others from being ended. A negative pid means its process group.
 */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  unless(['ESRCH', 'EPERM'], () => process.kill(pid, signal));
}
