import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { unlessGone } from '../../util/errors.js';
import { sendSignal } from '../../util/process/end-with-grace.js';
import { processStartTime, statFields } from '../../util/process/identity.js';
import { WorkspaceError } from '../failure.js';

/** The environment variable that marks every process of a workspace: `<workspace name>` or `<workspace name>:<command number>`. */
export const MARKER = 'FORGE_ATTEMPT';

/** Living processes whose environment carries the marker of a workspace (or of one of its commands), and all that descend from them. Linux only: empty elsewhere. */
function processesOf(name: string, alsoUnder: readonly number[]): number[] {
  const parents = parentsOfAll();
  const found = new Set(alsoUnder.filter((pid) => parents.has(pid)));
  for (const pid of parents.keys()) if (carries(pid, name)) found.add(pid);
  for (let size = -1; size !== found.size; ) {
    size = found.size;
    for (const [pid, parent] of parents) if (found.has(parent)) found.add(pid);
  }
  found.delete(process.pid);
  return [...found];
}

/** How long forge tries to end processes before it says that it can't. */
export const LONGEST_MS = 10_000;

/**
 * Ends all of them with SIGKILL; gives how many there were. All that is found is stopped first, until nothing new is
 * found: what multiplies (a fork bomb) would outrun a killer that frees a place with each kill.
 * @throws WorkspaceError when some are left after ten seconds
 */
export async function endProcessesOf(name: string): Promise<number> {
  const ended = new Set<string>();
  for (const until = performance.now() + LONGEST_MS; ; await sleep(5)) {
    const living = stopAll(name, [], until);
    if (living.size === 0) return ended.size;
    for (const pid of living) {
      // A process that was killed is told by its start time from a later one with the same pid.
      ended.add(`${pid}:${processStartTime(pid)}`);
      sendSignal(pid, 'SIGKILL');
    }
    if (performance.now() > until)
      throw new WorkspaceError(
        `${living.size} processes of ${name} are still there after ${LONGEST_MS / 1000} s of ending them; look for them with \`ps\`, and end them by hand`,
      );
  }
}

/** Stops (SIGSTOP) all of them, looking again until there is no new one or the time is up. */
function stopAll(name: string, alsoUnder: readonly number[], until: number, except?: number): Set<number> {
  const stopped = new Set<number>();
  for (;;) {
    const fresh = processesOf(name, alsoUnder).filter((pid) => pid !== except && !stopped.has(pid));
    for (const pid of fresh) {
      stopped.add(pid);
      sendSignal(pid, 'SIGSTOP');
    }
    if (fresh.length === 0 || performance.now() > until) return stopped;
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
    const until = performance.now() + LOOKING_MS;
    for (const pid of stopAll(name, alsoUnder, until, except)) sendSignal(pid, sent);
    return;
  }
  const found = processesOf(name, alsoUnder).filter((pid) => pid !== except);
  for (const pid of found) sendSignal(pid, sent);
  for (const pid of found) sendSignal(pid, 'SIGCONT');
}

function carries(pid: number, name: string): boolean {
  try {
    const environment = `\0${readFileSync(`/proc/${pid}/environ`, 'latin1')}\0`;
    return ['\0', ':'].some((end) => environment.includes(`\0${MARKER}=${name}${end}`));
  } catch {
    // Another user's process, or gone meanwhile: not one of ours.
    return false;
  }
}

/** The parent of every living process, by pid. */
function parentsOfAll(): Map<number, number> {
  const parents = new Map<number, number>();
  // Where there is no /proc, process groups are all there is.
  for (const name of unlessGone(() => readdirSync('/proc')) ?? []) {
    if (!/^\d+$/.test(name)) continue;
    const [state, parent] = statFields(`/proc/${name}`) ?? ['X'];
    if (state !== 'Z' && state !== 'X') parents.set(Number(name), Number(parent));
  }
  return parents;
}
