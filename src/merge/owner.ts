import { readFileSync } from 'node:fs';
import { processStartTime } from '../process-start-time.js';
import { codeOf } from './merge-error.js';

/** Names a process beyond the reuse of its pid: when it started and in which boot of the machine. */
export interface Owner {
  pid: number;
  /** Clock ticks since boot (field 22 of /proc/PID/stat); absent where there is no /proc. */
  started?: string;
  boot?: string;
}

/** This process. */
export function thisProcess(): Owner {
  return describeProcess(process.pid);
}

/** Whether the process is still running. */
export function isAlive(owner: Owner): boolean {
  const now = describeProcess(owner.pid);
  if (owner.boot !== now.boot) return false;
  if (owner.started !== undefined) return now.started === owner.started;
  try {
    process.kill(owner.pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

function describeProcess(pid: number): Owner {
  const owner: Owner = { pid };
  const boot = readOrNothing('/proc/sys/kernel/random/boot_id');
  const started = processStartTime(pid);
  if (boot !== undefined) owner.boot = boot.trim();
  if (started !== undefined) owner.started = started;
  return owner;
}

function readOrNothing(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // No such process, or no /proc at all.
    return undefined;
  }
}
