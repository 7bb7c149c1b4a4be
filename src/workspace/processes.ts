import { readdirSync, readFileSync } from 'node:fs';
import { processStartTime } from '../process-start-time.js';
import { errorCode } from './failure.js';

/** The environment variable that marks every process of a workspace: `<workspace name>` or `<workspace name>:<command number>`. */
export const MARKER = 'FORGE_ATTEMPT';

/** A process as /proc shows it. */
interface Proc {
  pid: number;
  parent: number;
}

/** Living processes whose environment carries the marker of a workspace (or of one of its commands), and all that descend from them. Linux only: empty elsewhere. */
export function processesOf(name: string, alsoUnder: readonly number[] = []): number[] {
  const procs = allProcesses();
  const found = new Set<number>(alsoUnder.filter((pid) => procs.some((proc) => proc.pid === pid)));
  for (const { pid } of procs) if (carries(pid, name)) found.add(pid);
  for (let grown = true; grown; ) {
    grown = false;
    for (const { pid, parent } of procs) {
      if (found.has(parent) && !found.has(pid)) {
        found.add(pid);
        grown = true;
      }
    }
  }
  found.delete(process.pid);
  return [...found];
}

/** Ends all of them with SIGKILL, looking again until none is left; gives how many there were. */
export async function endProcessesOf(name: string, alsoUnder: readonly number[] = []): Promise<number> {
  const ended = new Set<string>();
  for (;;) {
    // A process that was killed is told by its start time from a later one with the same pid.
    const living = processesOf(name, alsoUnder);
    if (living.length === 0) return ended.size;
    for (const pid of living) {
      ended.add(`${pid}:${processStartTime(pid)}`);
      signal(pid, 'SIGKILL');
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/**
 * Sends a signal to all of them but `except`. With SIGKILL it looks again until it finds no new one, because a process
 * may have forked between being listed and being hit; SIGTERM is sent once, as a process may start others to clean up.
 * Stopped ones are continued, or they would not see it.
 */
export function signalProcessesOf(
  name: string,
  sent: 'SIGTERM' | 'SIGKILL',
  alsoUnder: readonly number[],
  except?: number,
): void {
  const hit = new Set<number>();
  for (;;) {
    const fresh = processesOf(name, alsoUnder).filter((pid) => pid !== except && !hit.has(pid));
    for (const pid of fresh) {
      hit.add(pid);
      signal(pid, sent);
    }
    if (sent === 'SIGTERM') for (const pid of fresh) signal(pid, 'SIGCONT');
    if (sent === 'SIGTERM' || fresh.length === 0) return;
  }
}

/** Sends a signal; a process that is gone already is fine. A negative pid means its process group. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw error;
  }
}

function carries(pid: number, name: string): boolean {
  let environment: string;
  try {
    environment = readFileSync(`/proc/${pid}/environ`, 'latin1');
  } catch {
    // Another user's process, or gone meanwhile: not one of ours.
    return false;
  }
  const at = `\0${environment}`.indexOf(`\0${MARKER}=${name}`);
  if (at < 0) return false;
  const next = `\0${environment}`.charAt(at + MARKER.length + 2 + name.length);
  return next === '' || next === '\0' || next === ':';
}

function allProcesses(): Proc[] {
  let names: string[];
  try {
    names = readdirSync('/proc');
  } catch {
    // No /proc on this system: process groups are all there is.
    return [];
  }
  const procs: Proc[] = [];
  for (const name of names) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
      const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (state !== 'Z' && state !== 'X') procs.push({ pid: Number(name), parent: Number(parent) });
    } catch {
      // Ended between the two readings.
    }
  }
  return procs;
}
