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
import { codeOf, isMade, unlessGone } from '../errors/system-error.js';
import {
  isSameProcess,
  livenessOf,
  type ProcessIdentity,
  parseProcessIdentity,
  thisProcess,
} from '../process/identity.js';
import { inodeOf, NOT_THERE, NotOursError, readOurFile, readRecord, whyNotOurFile } from './provenance.js';
import { removeFile } from './remove-tree.js';

/** Who holds a lock. */
export interface LockHolder {
  process: ProcessIdentity;
  /** What it does, for the message of a second process. */
  doing: string;
  /** The run that it works on. */
  run?: string;
  /** `unknown`: it is another machine's or container's, and may well live. */
  liveness: 'alive' | 'unknown';
  /** The lock was taken in another folder than it lies in: it came with a copy (or the file system renumbers folders). */
  isOfCopy: boolean;
}

/** A lock that this process holds. */
interface Record {
  process: ProcessIdentity;
  doing: string;
  run?: string;
  /** Inode of the folder that it was taken in. */
  folder?: string;
}

/** The lock is held by a process that lives, or of which nobody can tell from here. */
export class LockHeldError extends Error {
  override readonly name = 'LockHeldError';
  constructor(
    readonly file: string,
    readonly holder: LockHolder,
  ) {
    super(`${file} is held by process ${holder.process.pid} (${holder.doing})`);
  }
}

/**
 * Takes a lock, which is a file: making its name is one atomic step. The lock of a dead process is taken over, by exactly
 * one heir: an heir first makes a symlink named after the process that it inherits from, and the heir of a dead heir one
 * named after that. The folder of `file` must be trusted by the caller.
 *
 * @throws LockHeldError at once when the holder (or an heir) lives, or when that can't be told.
 */
export function takeLock(file: string, about: { doing: string; run?: string }): () => void {
  const me: Record = { process: thisProcess(), ...about, folder: inodeOf(dirname(file)) };
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
function isTaken(file: string, me: Record): boolean {
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
  const record = readHolder(file);
  if (record === undefined || record === 'nobody') return undefined;
  const liveness = livenessOf(record.process);
  return liveness === 'dead' ? undefined : holderOf(file, record, liveness);
}

function holderOf(file: string, { folder, ...record }: Record, liveness: LockHolder['liveness']): LockHolder {
  return { ...record, liveness, isOfCopy: folder !== undefined && folder !== inodeOf(dirname(file)) };
}

function release(file: string): void {
  try {
    const record = readHolder(file);
    if (record !== undefined && record !== 'nobody' && isSameProcess(record.process, thisProcess()))
      removeFile(file);
  } catch {
    // A disk that turned read-only: what led here says so, and the lock of a dead process is nobody's.
  }
}

/** Takes over the lock of a dead process; false when the lock has changed meanwhile. */
function isInherited(file: string, mine: string, me: Record): boolean {
  const dead = readHolder(file);
  if (dead === undefined) return false;
  const claims = new Set<string>();
  for (let owner: Record | 'nobody' = dead; ; ) {
    if (owner !== 'nobody') {
      const liveness = livenessOf(owner.process);
      if (liveness !== 'dead') throw new LockHeldError(file, holderOf(file, owner, liveness));
    }
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

function isSameHolder(a: Record | 'nobody' | undefined, b: Record | 'nobody'): boolean {
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
    const record = stats?.isSymbolicLink()
      ? parseHolder(unlessGone(() => readlinkSync(path, 'utf8')) ?? '')
      : asHolder(readRecord(path));
    if (record !== 'nobody' && livenessOf(record.process) === 'dead') removeFile(path);
  }
}

/**
 * undefined = there is no lock. A file of ours that is no record was emptied by a crash of the machine: nobody holds it.
 *
 * @throws NotOursError for anything else in its place.
 */
function readHolder(file: string): Record | 'nobody' | undefined {
  const why = whyNotOurFile(file);
  if (why === NOT_THERE) return undefined;
  if (why !== undefined) throw new NotOursError(`${file} is no lock of forge’s: ${why}`);
  const text = unlessGone(() => readOurFile(file));
  return text === undefined ? undefined : parseHolder(text);
}

function parseHolder(text: string): Record | 'nobody' {
  try {
    return asHolder(JSON.parse(text) as object);
  } catch {
    // See readHolder.
    return 'nobody';
  }
}

function asHolder(value: object | undefined): Record | 'nobody' {
  const { process: recorded, doing, run, folder } = (value ?? {}) as { [Key in keyof Record]?: unknown };
  const identity = parseProcessIdentity(recorded);
  if (identity === undefined || typeof doing !== 'string') return 'nobody';
  return {
    process: identity,
    doing,
    ...(typeof run === 'string' && { run }),
    ...(typeof folder === 'string' && { folder }),
  };
}
