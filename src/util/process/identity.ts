import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { codeOf } from '../errors.js';

/**
 * One process, told beyond the reuse of its pid, in JSON: a record of it in a file may be read after a reboot, in another
 * container or on another machine, where the pid alone would name somebody else.
 */
export interface ProcessIdentity {
  pid: number;
  /** Clock ticks since boot at its start (field 22 of /proc/PID/stat, proc(5)); '' where there is no /proc. */
  start: string;
  /** Changes with every boot of the machine; '' where the system does not tell. */
  boot: string;
  /** The PID namespace in which `pid` means something (`pid:[4026531836]`); '' where there are none. */
  pidNamespace: string;
  /** A hash of what tells the machine (machine-id(5), else its name): a folder may be shared between machines, and which they are is nobody's business. */
  host: string;
}

/** `unknown`: it cannot be told from here (another machine, another container), so nothing of it may be taken over. */
export type Liveness = 'alive' | 'dead' | 'unknown';

const TEXTS = ['start', 'boot', 'pidNamespace', 'host'] as const;

let mine: ProcessIdentity | undefined;

/** This process. */
export function thisProcess(): ProcessIdentity {
  mine ??= {
    pid: process.pid,
    start: processStartTime(process.pid) ?? '',
    boot: readOr('', () => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    pidNamespace: readOr('', () => readlinkSync('/proc/self/ns/pid')),
    host: createHash('sha256').update(machine()).digest('hex').slice(0, 16),
  };
  return mine;
}

/** Two machines may have one name (containers made from one file), and a name may change (DHCP). */
function machine(): string {
  return readOr('', () => readFileSync('/etc/machine-id', 'utf8').trim()) || hostname();
}

/** Whether a process that was recorded earlier still lives. */
export function livenessOf(recorded: ProcessIdentity): Liveness {
  const here = thisProcess();
  if (recorded.host !== here.host) return 'unknown';
  if (recorded.boot !== here.boot) return 'dead';
  if (recorded.pidNamespace !== here.pidNamespace) return 'unknown';
  if (recorded.start !== '' && here.start !== '') return startedThen(recorded);
  return processExists(recorded.pid) ? 'alive' : 'dead';
}

/** Whether two records name the same process. */
export function isSameProcess(a: ProcessIdentity, b: ProcessIdentity): boolean {
  return a.pid === b.pid && TEXTS.every((field) => a[field] === b[field]);
}

/** A record as it was read from a file, where it is one: anybody may have written that file. */
export function parseProcessIdentity(value: unknown): ProcessIdentity | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { pid, start, boot, pidNamespace, host } = value as { [Field in keyof ProcessIdentity]: unknown };
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 0) return undefined;
  const texts = [start, boot, pidNamespace, host];
  if (!texts.every((text) => typeof text === 'string' && /^[\w:[\]-]{0,64}$/.test(text))) return undefined;
  return { pid, start, boot, pidNamespace, host } as ProcessIdentity;
}

/**
 * When a process started, in clock ticks since boot, so that a reused pid is told from the one before. undefined for a
 * process that is gone or only its zombie, and on systems without /proc. `proc`: that of another PID namespace.
 */
export function processStartTime(pid: number | string, proc = '/proc'): string | undefined {
  const fields = statFields(`${proc}/${pid}`);
  return fields === undefined || fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}

/**
 * The fields of `stat` in a process's folder of some /proc, from the third (its state) on; undefined where it is gone.
 * The second is the name in parentheses, which may itself hold spaces and parentheses.
 */
export function statFields(folder: string): string[] | undefined {
  const stat = readOr(undefined, () => readFileSync(`${folder}/stat`, 'latin1'));
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function startedThen({ pid, start }: ProcessIdentity): Liveness {
  const now = processStartTime(pid);
  if (now !== undefined) return now === start ? 'alive' : 'dead';
  // A /proc that hides other users' processes (hidepid): there is one, and nothing tells whether it is another.
  return processExists(pid) && statFields(`/proc/${pid}`) === undefined ? 'unknown' : 'dead';
}

/** Whether any process has this pid here, another user's too; of a negative one, whether there is such a process group. */
export function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

function readOr<T>(otherwise: T, read: () => T): T {
  try {
    return read();
  } catch {
    // No /proc here (macOS), or the process is gone: both are answers.
    return otherwise;
  }
}
