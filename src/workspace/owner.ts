import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { processStartTime } from '../process-start-time.js';

/** Who made a scratch folder, precisely enough to tell later whether that process is still alive. */
export interface Owner {
  pid: number;
  /** Start time of the process, in clock ticks since boot ('' where /proc can't tell). */
  start: string;
  /** PID namespace: a pid means nothing outside it. */
  namespace: string;
  /** Changes with every boot. */
  boot: string;
  /** A state folder may be shared between machines (NFS). */
  host: string;
}

/** This process. */
export function thisProcess(): Owner {
  return {
    pid: process.pid,
    start: processStartTime(process.pid) ?? '',
    namespace: reading(() => readlinkSync('/proc/self/ns/pid')),
    boot: reading(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    host: createHash('sha256').update(hostname()).digest('hex').slice(0, 16),
  };
}

/** Whether the owner is certainly dead: false where that can't be told from here (another machine, another container). */
export function isDead(owner: Owner): boolean {
  const here = thisProcess();
  if (owner.host !== here.host) return false;
  if (owner.boot !== here.boot) return true;
  if (owner.namespace !== here.namespace) return false;
  return !isStillRunning(owner.pid, owner.start);
}

/** Whether the process of this pid and start time ('' where /proc can't tell) is alive, in this PID namespace. */
export function isStillRunning(pid: number, start: string): boolean {
  return start === '' ? isRunning(pid) : processStartTime(pid) === start;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function reading(read: () => string): string {
  try {
    return read();
  } catch {
    // No /proc here (macOS), or the process is gone: both are answers.
    return '';
  }
}
