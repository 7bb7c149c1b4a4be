import { linkSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ExitCode } from '../exit-code.js';
import { ForgeError } from '../forge-error.js';

interface Holder {
  pid: number;
  /** Start time of the process (Linux), so that a reused pid is not taken for the holder. */
  started: string | null;
  /** What it does, for the message: `apply 20260101-…`. */
  doing: string;
}

/**
 * Takes the one lock of a working tree (`.forge/lock`), so that two forges never write to it at the same time.
 * `doing` is what the message of a second forge says. Gives the function that releases it.
 * Throws ForgeError (3) at once when a living process holds it; a lock whose process is dead is taken over.
 */
export function lockRoot(root: string, doing: string): () => void {
  const file = join(root, '.forge', 'lock');
  const mine = `${file}.${process.pid}`;
  writeFileSync(
    mine,
    JSON.stringify({ pid: process.pid, started: processStart(process.pid), doing } satisfies Holder),
  );
  try {
    for (;;) {
      try {
        linkSync(mine, file);
        break;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const holder = readHolder(file);
      if (holder && isAlive(holder)) throw busy(root, holder);
      if (holder !== undefined) takeAway(file, holder);
    }
  } finally {
    unlinkSync(mine);
  }
  return () => unlinkSync(file);
}

/** Who holds the lock of a root, if a living process does. */
export function rootLockHolder(root: string): { pid: number; doing: string } | undefined {
  const holder = readHolder(join(root, '.forge', 'lock'));
  return holder && isAlive(holder) ? holder : undefined;
}

function busy(root: string, holder: Holder): ForgeError {
  return new ForgeError(
    `another forge (pid ${holder.pid}, ${holder.doing}) is at work on ${root}; wait for it, or end it with \`forge abort\``,
    ExitCode.refused,
  );
}

/** undefined = the file is gone; null = it can't be read as a lock (a crash while writing is not possible: it is linked whole). */
function readHolder(file: string): Holder | null | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return JSON.parse(text) as Holder;
  } catch {
    // Emptied by a crash of the machine before it reached the disk: nobody holds it.
    return null;
  }
}

/** Removes a dead holder's lock, unless another forge has replaced it in the meantime. */
function takeAway(file: string, dead: Holder | null): void {
  const aside = `${file}.dead.${process.pid}`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const moved = readHolder(aside);
  if (moved && (moved.pid !== dead?.pid || moved.started !== dead.started)) linkSync(aside, file);
  unlinkSync(aside);
}

function isAlive(holder: Holder): boolean {
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return processStart(holder.pid) === holder.started;
}

/** Field 22 of /proc/PID/stat (clock ticks since boot); null where there is no /proc. */
function processStart(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    // No /proc on this system: the pid alone has to do.
    return null;
  }
}
