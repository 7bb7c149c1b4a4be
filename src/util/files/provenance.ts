import { randomBytes } from 'node:crypto';
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  type Stats,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { codeOf, ForgeError, isMade } from '../errors.js';
import { removeFile } from './remove-tree.js';

/*
 * Who made a file or folder. forge removes things, and finishes what a record on disk says, only where this module can
 * tell that forge made them for this user: anybody may have written a name or a file that looks like forge's (a cloned
 * repository, another user of the machine, a task).
 */

/** In a folder that forge made for things that it may remove again. */
const MARK = 'made-by-forge.json';
/** A mark before it has its name; left there by a forge that was killed just then. */
const FRESH_MARK = /^made-by-forge\.json\.[0-9a-f]{8}$/;

/** No record of forge's that is judged here is as large (bytes). */
const LARGEST_RECORD = 64 * 1024;

/** The reason of the three functions below for a path where there is nothing. */
export const NOT_THERE = 'it is not there';

/** Something is not what forge made, so it is left alone. The message names it and says why. */
export class NotOursError extends ForgeError {}

/** Why something may not be taken for a folder of this user: one clause about "it"; undefined where it may. */
export function whyNotOurFolder(path: string): string | undefined {
  return whyNotOurs(path, (stats) => stats.isDirectory(), 'a folder');
}

/** The same of a regular file. */
export function whyNotOurFile(path: string): string | undefined {
  return whyNotOurs(path, (stats) => stats.isFile(), 'a regular file');
}

function whyNotOurs(path: string, isKind: (stats: Stats) => boolean, kind: string): string | undefined {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return NOT_THERE;
  if (stats.isSymbolicLink()) return 'it is a symbolic link';
  const uid = process.geteuid?.();
  if (uid !== undefined && stats.uid !== uid) return `it belongs to another user (uid ${stats.uid})`;
  return isKind(stats) ? undefined : `it is not ${kind}`;
}

/**
 * Makes a folder of forge's own with a mark in it, for this user alone; its parent must be there. One that is there already
 * serves if it has the mark, or if it is ours and holds nothing but marks, made or half made: a forge was killed before it
 * had marked it, or another is just marking it. Then the mark is made anew.
 * @throws NotOursError for any other, and what the file system throws.
 */
export function makeMarkedFolder(path: string): void {
  if (!isMade(() => mkdirSync(path, { mode: 0o700 }))) {
    const why = whyNotMarked(path);
    if (why === undefined) return;
    const isOurs = whyNotOurFolder(path) === undefined;
    if (!isOurs || !readdirSync(path).every((name) => name.startsWith(MARK))) {
      // The mark comes before anything else: another forge may have made it since.
      if (whyNotMarked(path) === undefined) return;
      throw new NotOursError(
        `${path} was not made by forge here (${why}), so forge leaves it alone; remove it if it is forge’s and no forge is running`,
      );
    }
  }
  const ino = inodeOf(path);
  // In one step: a mark is there as a whole or not at all, for others who look and after a crash.
  const fresh = `${MARK}.${randomBytes(4).toString('hex')}`;
  writeFileSync(join(path, fresh), JSON.stringify({ v: 1, ino }), { flag: 'wx', mode: 0o600 });
  try {
    renameSync(join(path, fresh), join(path, MARK));
  } catch (error) {
    // Another forge that makes the same mark took it for one that was left.
    if (whyNotMarked(path) !== undefined) throw error;
  }
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.isFile() && FRESH_MARK.test(entry.name)) removeFile(join(path, entry.name));
  }
}

/**
 * Why a folder is not one that `makeMarkedFolder` made for this user; undefined where it is. The mark names the folder's
 * inode, so one that came with a clone, an archive or a copy proves nothing.
 */
export function whyNotMarked(path: string): string | undefined {
  const why = whyNotOurFolder(path);
  if (why !== undefined) return why;
  const mark = readRecord(join(path, MARK)) as { v?: unknown; ino?: unknown } | undefined;
  if (mark === undefined) return 'it has no mark of forge’s in it';
  const ino = inodeOf(path);
  return mark.v === 1 && mark.ino === ino ? undefined : 'the mark in it is of another folder';
}

/** A folder's inode, as text (JSON has no 64-bit numbers). */
export function inodeOf(folder: string): string {
  return String(lstatSync(folder, { bigint: true }).ino);
}

/**
 * The text of a regular file of ours: never through a link, and never waiting for a writer (a FIFO).
 * @throws NotOursError for anything else in its place, and what reading throws (ENOENT where there is nothing).
 */
export function readOurFile(path: string): string {
  const why = whyNotOurFile(path);
  if (why !== undefined && why !== NOT_THERE) throw new NotOursError(`${path} is left alone: ${why}`);
  return readFileSync(path, 'utf8');
}

/** The JSON of a small regular file of ours, never through a link and never waiting (a FIFO); undefined where there is no such file or it is no JSON object. */
export function readRecord(path: string): object | undefined {
  if (whyNotOurFile(path) !== undefined) return undefined;
  try {
    if (lstatSync(path).size > LARGEST_RECORD) return undefined;
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch (error) {
    // Gone meanwhile, half written, or not ours to read: no record.
    if (error instanceof SyntaxError || codeOf(error) !== undefined) return undefined;
    throw error;
  }
}

/**
 * Makes sure that a folder may be removed with all that is in it: a real folder of ours, right below `parent` (a real
 * path whose folders are no links), with a name that forge gives.
 * @throws NotOursError that says why it may not.
 */
export function assertRemovable(dir: string, parent: string, named: RegExp): void {
  const why = whyNotRemovable(dir, parent, named);
  if (why !== undefined) throw new NotOursError(`${dir} is left alone: ${why}`);
}

/** Why `assertRemovable` would throw: one clause about "it"; undefined where it would not. */
export function whyNotRemovable(dir: string, parent: string, named: RegExp): string | undefined {
  if (dirname(dir) !== parent || realpathSync(parent) !== parent) return `it is not below ${parent}`;
  return named.test(basename(dir)) ? whyNotOurFolder(dir) : 'forge gives no such name';
}
