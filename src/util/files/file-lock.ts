import { randomBytes } from 'node:crypto';
import {
  existsSync,
  linkSync,
  lstatSync,
  readdirSync,
  readlinkSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { codeOf, isMade, unlessGone } from '../errors.js';
import {
  isSameProcess,
  livenessOf,
  type ProcessIdentity,
  parseProcessIdentity,
  thisProcess,
} from '../process/identity.js';
import { inodeOf, NOT_THERE, NotOursError, readOurFile, readRecord, whyNotOurFile } from './provenance.js';
import { removeFile } from './remove-tree.js';

/** What a lock is taken for. */
export interface LockPurpose {
  /** For the message of a second process. */
  doing: string;
  /** The run that is worked on. */
  run?: string;
}

/** Who holds a lock. */
export interface LockHolder extends LockPurpose {
  process: ProcessIdentity;
  /** `unknown`: it is another machine's or container's, and may well live. */
  liveness: 'alive' | 'unknown';
  /** The lock was taken in another folder than it lies in: it came with a copy (or the file system renumbers folders). */
  isOfCopy: boolean;
}

/** What a lock's file says of its holder; a holder that can't be read is nobody. */
interface Holder extends LockPurpose {
  process: ProcessIdentity;
  /** Inode of the folder that it was taken in. */
  folder?: string;
}

/** The lock is held by a process that lives, or of which nobody can tell from here. */
export class LockHeldError extends Error {
  constructor(
    file: string,
    readonly holder: LockHolder,
  ) {
    super(`${file} is held by process ${holder.process.pid} (${holder.doing})`);
  }
}

/**
 * A lock is a file: making its name is one atomic step. The lock of a dead process is taken over, by exactly one heir: an
 * heir first makes a symlink named after the process that it inherits from, and the heir of a dead heir one named after
 * that. The folder of `file` must be trusted by the caller. What is returned releases the lock.
 * @throws LockHeldError at once when the holder (or an heir) lives, or when that can't be told.
 */
export function takeLock(file: string, about: LockPurpose): () => void {
  const me: Holder = { process: thisProcess(), ...about, folder: inodeOf(dirname(file)) };
  while (!isTaken(file, me));
  try {
    removeRemains(file);
  } catch (error) {
    release(file);
    throw error;
  }
  return () => release(file);
}

/** False where another forge took what this one was writing for an empty one that was left (see removeRemains). */
function isTaken(file: string, me: Holder): boolean {
  const mine = `${file}.${process.pid}-${randomBytes(4).toString('hex')}`;
  writeFileSync(mine, JSON.stringify(me), { flag: 'wx', mode: 0o600 });
  try {
    while (!isMade(() => linkSync(mine, file)) && !isInherited(file, mine, me));
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT' && !existsSync(mine)) return false;
    throw error;
  } finally {
    removeFile(mine);
  }
}

/** Who holds a lock, if a process does that lives or of which nobody can tell. */
export function lockHolder(file: string): LockHolder | undefined {
  const holder = readHolder(file);
  return holder === undefined || holder === 'nobody' ? undefined : ifNotDead(file, holder);
}

function ifNotDead(file: string, { folder, ...holder }: Holder): LockHolder | undefined {
  const liveness = livenessOf(holder.process);
  if (liveness === 'dead') return undefined;
  return { ...holder, liveness, isOfCopy: folder !== undefined && folder !== inodeOf(dirname(file)) };
}

function release(file: string): void {
  try {
    const holder = readHolder(file);
    if (holder !== undefined && holder !== 'nobody' && isSameProcess(holder.process, thisProcess()))
      removeFile(file);
  } catch {
    // A disk that turned read-only: what led here says so, and the lock of a dead process is nobody's.
  }
}

/** Whether the lock of a dead process could be taken over; false when it has changed meanwhile. */
function isInherited(file: string, mine: string, me: Holder): boolean {
  const dead = readHolder(file);
  if (dead === undefined) return false;
  const claims = new Set<string>();
  for (let owner: Holder | 'nobody' = dead; ; ) {
    const holder = owner === 'nobody' ? undefined : ifNotDead(file, owner);
    if (holder) throw new LockHeldError(file, holder);
    const claim = `${file}-after-${owner === 'nobody' ? 'nobody' : `${owner.process.pid}-${owner.process.start}`}`;
    // Heirs that inherit from each other were never forges.
    if (claims.has(claim)) throw new NotOursError(`${claim} is no claim of forge’s: it leads back to itself`);
    claims.add(claim);
    if (isMade(() => symlinkSync(JSON.stringify(me), claim))) {
      // An heir that has finished removes its claim: then the lock is its own, or another's, by now.
      const still = isSameHolder(readHolder(file), dead);
      try {
        if (still) renameSync(mine, file);
      } finally {
        removeFile(claim);
      }
      return still;
    }
    const heir = unlessGone(() => readlinkSync(claim, 'utf8'));
    if (heir === undefined) return false;
    owner = parseHolder(heir);
  }
}

function isSameHolder(a: Holder | 'nobody' | undefined, b: Holder | 'nobody'): boolean {
  if (a === undefined || a === 'nobody' || b === 'nobody') return a === b;
  return isSameProcess(a.process, b.process);
}

/** Removes the small files of this lock of processes that died before they could. The caller holds the lock. */
function removeRemains(file: string): void {
  const folder = dirname(file);
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(`${basename(file)}.`) && !name.startsWith(`${basename(file)}-after-`)) continue;
    const path = join(folder, name);
    const stats = lstatSync(path, { throwIfNoEntry: false });
    // Killed between making it and writing into it.
    if (stats?.isFile() && stats.size === 0 && /\.\d+-[0-9a-f]{8}$/.test(name)) {
      removeFile(path);
      continue;
    }
    const holder = stats?.isSymbolicLink()
      ? parseHolder(unlessGone(() => readlinkSync(path, 'utf8')) ?? '')
      : asHolder(readRecord(path));
    if (holder !== 'nobody' && livenessOf(holder.process) === 'dead') removeFile(path);
  }
}

/**
 * undefined = there is no lock. A file of ours that is no record was emptied by a crash of the machine: nobody holds it.
 * @throws NotOursError for anything else in its place.
 */
function readHolder(file: string): Holder | 'nobody' | undefined {
  const why = whyNotOurFile(file);
  if (why === NOT_THERE) return undefined;
  if (why !== undefined) throw new NotOursError(`${file} is no lock of forge’s: ${why}`);
  const text = unlessGone(() => readOurFile(file));
  return text === undefined ? undefined : parseHolder(text);
}

function parseHolder(text: string): Holder | 'nobody' {
  try {
    return asHolder(JSON.parse(text) as object);
  } catch {
    // See readHolder.
    return 'nobody';
  }
}

function asHolder(value: object | undefined): Holder | 'nobody' {
  const { process: recorded, doing, run, folder } = (value ?? {}) as { [Key in keyof Holder]?: unknown };
  const identity = parseProcessIdentity(recorded);
  if (identity === undefined || typeof doing !== 'string') return 'nobody';
  return {
    process: identity,
    doing,
    run: typeof run === 'string' ? run : undefined,
    folder: typeof folder === 'string' ? folder : undefined,
  };
}
