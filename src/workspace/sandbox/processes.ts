import { readdirSync, readFileSync } from 'node:fs';
import { codeOf } from '../../util/errors.js';
import { processStartTime, statFields } from '../../util/process/identity.js';
import { WorkspaceError } from '../failure.js';

/** The environment variable that marks every process of a workspace: `<workspace name>` or `<workspace name>:<command number>`. */
export const MARKER = 'FORGE_ATTEMPT';

/** A process as /proc shows it. */
interface Proc {
  pid: number;
  parent: number;
}

/** Living processes whose environment carries the marker of a workspace (or of one of its commands), and all that descend from them. Linux only: empty elsewhere. */
function processesOf(name: string, alsoUnder: readonly number[]): number[] {
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

/** How long forge tries to end processes before it says that it can't. */
const LONGEST_MS = 10_000;

/** The time by which ending processes must be done. */
export class Deadline {
  readonly #end: number;

  constructor(readonly ms = LONGEST_MS) {
    this.#end = performance.now() + ms;
  }

  get isOver(): boolean {
    return performance.now() > this.#end;
  }

  /** Milliseconds until then, at least 1. */
  get left(): number {
    return Math.max(1, Math.ceil(this.#end - performance.now()));
  }

  /** Whether something happens before then. */
  async meets(event: Promise<unknown>): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), this.left);
    });
    const isMet = await Promise.race([event.then(() => true), late]);
    clearTimeout(timer);
    return isMet;
  }

  get seconds(): number {
    return Math.round(this.ms / 1000);
  }
}

/**
 * Ends all of them with SIGKILL; gives how many there were. All that is found is stopped first, until nothing new is
 * found: what multiplies (a fork bomb) would outrun a killer that frees a place with each kill.
 * @throws WorkspaceError when some are left after ten seconds
 */
export async function endProcessesOf(name: string): Promise<number> {
  const ended = new Set<string>();
  const deadline = new Deadline();
  for (;;) {
    const living = stopAll(name, [], deadline);
    if (living.size === 0) return ended.size;
    for (const pid of living) {
      // A process that was killed is told by its start time from a later one with the same pid.
      ended.add(`${pid}:${processStartTime(pid)}`);
      signal(pid, 'SIGKILL');
    }
    if (deadline.isOver)
      throw new WorkspaceError(
        `${living.size} processes of ${name} are still there after ${deadline.seconds} s of ending them; look for them with \`ps\`, and end them by hand`,
      );
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Stops (SIGSTOP) all of them, looking again until there is no new one or the time is up. */
function stopAll(
  name: string,
  alsoUnder: readonly number[],
  deadline: Deadline,
  except?: number,
): Set<number> {
  const stopped = new Set<number>();
  for (;;) {
    const fresh = processesOf(name, alsoUnder).filter((pid) => pid !== except && !stopped.has(pid));
    for (const pid of fresh) {
      stopped.add(pid);
      signal(pid, 'SIGSTOP');
    }
    if (fresh.length === 0 || deadline.isOver) return stopped;
  }
}

/** Looking for processes takes the whole thread; ending them goes on later, in `endProcessesOf`. */
const LOOKING_MS = 2_000;

/**
 * Sends a signal to all of them but `except`. For SIGKILL all are stopped first, because a process may have forked
 * between being listed and being hit; SIGTERM is sent once, as a process may start others to clean up. Stopped ones
 * are continued, or they would not see it.
 */
export function signalProcessesOf(
  name: string,
  sent: 'SIGTERM' | 'SIGKILL',
  alsoUnder: readonly number[],
  except?: number,
): void {
  if (sent === 'SIGKILL') {
    for (const pid of stopAll(name, alsoUnder, new Deadline(LOOKING_MS), except)) signal(pid, sent);
    return;
  }
  const found = processesOf(name, alsoUnder).filter((pid) => pid !== except);
  for (const pid of found) signal(pid, sent);
  for (const pid of found) signal(pid, 'SIGCONT');
}

/**
 * Sends a signal; a process that is gone already is fine, and one of another user (`sudo` in a task), which we may not
 * end, must not keep the others from being ended. A negative pid means its process group.
 */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (codeOf(error) !== 'ESRCH' && codeOf(error) !== 'EPERM') throw error;
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
    const [state, parent] = statFields(`/proc/${name}`) ?? ['X'];
    if (state !== 'Z' && state !== 'X') procs.push({ pid: Number(name), parent: Number(parent) });
  }
  return procs;
}
