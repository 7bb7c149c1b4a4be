import {
  linkSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { ExitCode } from '../exit-code.js';
import { ForgeError } from '../forge-error.js';
import { processStartTime } from '../process-start-time.js';
import { isAlive } from './is-alive.js';

interface Holder {
  pid: number;
  /** Start time of the process (Linux), so that a reused pid is not taken for the holder. */
  started: string | null;
  /** What it does, for the message: `apply 20260101-…`. */
  doing: string;
}

/** What an unreadable lock file counts as: nobody's. */
const NOBODY: Holder = { pid: 0, started: '', doing: '' };

/**
 * Takes the one lock of a working tree (`.forge/lock`), so that two forges never write to it at the same time.
 * `doing` is what the message of a second forge says. Gives the function that releases it.
 * Throws ForgeError (3) at once when a living process holds it; a lock whose process is dead is taken over.
 */
export function lockRoot(root: string, doing: string): () => void {
  const file = join(root, '.forge', 'lock');
  const mine = `${file}.${process.pid}`;
  const me: Holder = { pid: process.pid, started: processStartTime(process.pid) ?? null, doing };
  writeFileSync(mine, JSON.stringify(me));
  try {
    while (!isTaken(() => linkSync(mine, file)) && !inherited(root, file, mine, me));
  } finally {
    rmSync(mine, { force: true });
  }
  removeRemains(root);
  return () => release(file);
}

function release(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // A disk that turned read-only: what led here says so, and the lock of a dead process is nobody's.
  }
}

/** Who holds the lock of a root, if a living process does. */
export function rootLockHolder(root: string): { pid: number; doing: string } | undefined {
  const holder = readHolder(join(root, '.forge', 'lock'));
  return holder && lives(holder) ? holder : undefined;
}

/**
 * Takes over the lock of a dead process. Exactly one can: an heir first makes a symlink named after the process it
 * inherits from, and the heir of a dead heir one named after that. Gives false when the lock has changed meanwhile.
 * Throws ForgeError (3) when it, or an heir, lives.
 */
function inherited(root: string, file: string, mine: string, me: Holder): boolean {
  const dead = readHolder(file);
  if (dead === undefined) return false;
  for (let owner = dead; ; ) {
    if (lives(owner)) throw busy(root, owner);
    const claim = `${file}-after-${owner.pid}-${owner.started}`;
    if (isTaken(() => symlinkSync(JSON.stringify(me), claim))) {
      // An heir that has finished removes its claim: then the lock is its own, or another's, by now.
      const still = readHolder(file);
      const isSame = still?.pid === dead.pid && still.started === dead.started;
      if (isSame) renameSync(mine, file);
      rmSync(claim, { force: true });
      return isSame;
    }
    const heir = unlessGone(() => readlinkSync(claim, 'utf8'));
    if (heir === undefined) return false;
    owner = parseHolder(heir);
  }
}

/** Removes the small files in `.forge` of processes that died before they could. The caller holds the lock. */
function removeRemains(root: string): void {
  for (const name of readdirSync(join(root, '.forge'))) {
    const pid = Number(/^(?:lock\.|lock-after-|marker-)(\d+)/.exec(name)?.[1] ?? Number.NaN);
    if (!Number.isNaN(pid) && !(pid > 0 && isAlive({ pid, started: processStartTime(pid) ?? null })))
      rmSync(join(root, '.forge', name), { force: true });
  }
}

function busy(root: string, holder: Holder): ForgeError {
  return new ForgeError(
    `another forge (pid ${holder.pid}, ${holder.doing}) is at work on ${root}; wait for it, or end it with \`forge abort\``,
    ExitCode.refused,
  );
}

function lives(holder: Holder): boolean {
  return holder.pid > 0 && isAlive(holder);
}

/** undefined = there is no lock. */
function readHolder(file: string): Holder | undefined {
  const text = unlessGone(() => readFileSync(file, 'utf8'));
  return text === undefined ? undefined : parseHolder(text);
}

function parseHolder(text: string): Holder {
  try {
    const { pid, started, doing } = JSON.parse(text) as Holder;
    const isHolder = Number.isInteger(pid) && (started === null || typeof started === 'string');
    return isHolder ? { pid, started, doing: String(doing) } : NOBODY;
  } catch {
    // Emptied by a crash of the machine before it reached the disk, or written by something else: nobody holds it.
    return NOBODY;
  }
}

/** Whether making a name worked; false when it is there already. */
function isTaken(make: () => void): boolean {
  try {
    make();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  }
}

function unlessGone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
