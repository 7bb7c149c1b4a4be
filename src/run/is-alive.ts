import { processStartTime } from '../process-start-time.js';

/** Whether a process that was described by its pid and `processStartTime` (null = not known) still runs. */
export function isAlive(described: { pid: number; started: string | null }): boolean {
  let mayAsk = true;
  try {
    process.kill(described.pid, 0);
  } catch (error) {
    // EPERM: there is one, another user's.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
    mayAsk = false;
  }
  const started = processStartTime(described.pid) ?? null;
  // A /proc that hides other users' processes (hidepid): there is one, and nothing tells that it is another.
  return started === described.started || (started === null && !mayAsk);
}
