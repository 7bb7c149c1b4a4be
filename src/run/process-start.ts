import { readFileSync } from 'node:fs';

/** When a process started (field 22 of /proc/PID/stat: clock ticks since boot), so that a reused pid is told from the one before; null where there is no /proc, and for a process that is gone. */
export function processStart(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name in parentheses may hold anything. A zombie has ended.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? null : (fields[19] ?? null);
  } catch {
    // Gone, or a system without /proc, where the pid alone has to do.
    return null;
  }
}

/** Whether a process that was described by its pid and `processStart` still runs. */
export function isAlive(described: { pid: number; started: string | null }): boolean {
  let mayAsk = true;
  try {
    process.kill(described.pid, 0);
  } catch (error) {
    // EPERM: there is one, another user's.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
    mayAsk = false;
  }
  const started = processStart(described.pid);
  // A /proc that hides other users' processes (hidepid): there is one, and nothing tells that it is another.
  return started === described.started || (started === null && !mayAsk);
}
