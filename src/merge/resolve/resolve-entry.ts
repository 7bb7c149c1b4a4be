import { copyFile } from '../../util/files/copy-file.js';
import { hashFile } from '../../util/files/hash.js';
import { removeFile } from '../../util/files/remove-tree.js';
import type { Base } from '../base/base.js';
import { isSame, look, type Seen, under } from '../base/seen.js';
import { damaged, MergeError, NOTHING_TOUCHED } from '../merge-error.js';
import type { MergeEntry, ResolvedEntry } from './entry.js';
import { threeWay, threeWayMode } from './three-way.js';

/** What to do about one path. `seen` is what was there; no `write` = it already is as the run wants it. */
export type Outcome = { seen: Seen | null; write?: ResolvedEntry; merged?: boolean } | { reason: string };

interface Question {
  root: string;
  base: Base;
  entry: MergeEntry;
  /** What is at the path, not seen through any symlink. */
  now: Seen | null;
  /** Prefix of file names for intermediate results. */
  scratch: string;
}

const DELETED = 'deleted in the working tree, changed by the run';
const BOTH_CREATED = 'created both in the working tree and by the run, with different content';
const UNKNOWN =
  'changed in the working tree and by the run, and how it was at the start is not known (git ignores it)';
const OTHER_KIND = 'changed in the working tree and by the run into different things';

/** Decides one entry by what its path was at the start (`before`), what it is now (`now`) and what the run wants. */
export async function resolveEntry(question: Question): Promise<Outcome> {
  const { base, entry, now } = question;
  if (now?.kind === 'special')
    return { reason: 'a device, pipe or socket is in its place in the working tree' };
  const before = await base.was(entry.path);
  switch (entry.kind) {
    case 'absent':
      return resolveAbsent(question, now, before);
    case 'directory':
      return resolveDirectory(question, now, before, entry);
    case 'symlink':
      return resolveSymlink(question, now, before, entry.target);
    case 'file':
      return resolveFile(question, now, before, entry);
    default:
      return entry satisfies never;
  }
}

type Before = Seen | null | undefined;

async function resolveAbsent(question: Question, now: Seen | null, before: Before): Promise<Outcome> {
  const { path } = question.entry;
  if (now === null) return { seen: now };
  const write: ResolvedEntry = { path, kind: 'absent', expected: now };
  // A folder goes only when it is empty by then, so nothing can be lost with it.
  if (now.kind === 'directory') {
    const wasFolder = question.entry.kind === 'absent' && question.entry.was === 'directory';
    return wasFolder ? { seen: now, write } : { reason: 'a folder in the working tree, deleted by the run' };
  }
  if (await isUntouched(question, now, before)) return { seen: now, write };
  return { reason: 'changed in the working tree, deleted by the run' };
}

async function resolveDirectory(
  question: Question,
  now: Seen | null,
  before: Before,
  entry: MergeEntry & { kind: 'directory' },
): Promise<Outcome> {
  const { path } = entry;
  const create: ResolvedEntry = { path, kind: 'directory', mode: entry.mode, expected: now };
  if (now === null) {
    const deleted = entry.change === 'mode' || wasDeleted(question, before);
    return deleted ? { reason: DELETED } : { seen: now, write: create };
  }
  if (now.kind !== 'directory') {
    if (await isUntouched(question, now, before)) return { seen: now, write: create };
    return { reason: OTHER_KIND };
  }
  // A folder that both created keeps the mode it has in the working tree.
  const mode = before
    ? threeWayMode(before.mode, now.mode, entry.mode)
    : entry.change === 'mode'
      ? entry.mode
      : now.mode;
  return mode === now.mode
    ? { seen: now }
    : { seen: now, write: { path, kind: 'mode', mode, expected: now } };
}

async function resolveSymlink(
  question: Question,
  now: Seen | null,
  before: Before,
  target: string,
): Promise<Outcome> {
  const { path } = question.entry;
  const write: ResolvedEntry = { path, kind: 'symlink', target, expected: now };
  if (now === null) return wasDeleted(question, before) ? { reason: DELETED } : { seen: now, write };
  if (now.kind === 'symlink' && now.target === target) return { seen: now };
  if (await isUntouched(question, now, before)) return { seen: now, write };
  return { reason: before === null ? BOTH_CREATED : before ? OTHER_KIND : UNKNOWN };
}

async function resolveFile(
  question: Question,
  now: Seen | null,
  before: Before,
  entry: MergeEntry & { kind: 'file' },
): Promise<Outcome> {
  const { root, base, scratch } = question;
  const { path, hash } = entry;
  const ours = entry.blob;
  const write = (mode: number, from = ours, content = hash): Outcome => {
    if (from === undefined)
      throw new MergeError(`The content of ${JSON.stringify(path)} is missing. ${NOTHING_TOUCHED}`);
    return { seen: now, write: { path, kind: 'file', mode, from, hash: content, expected: now } };
  };
  const chmod = async (mode: number): Promise<Outcome> => {
    if (now === null || mode === now.mode) return { seen: now };
    if (now.nlink === undefined) return { seen: now, write: { path, kind: 'mode', mode, expected: now } };
    // Its other names (hard links) keep the mode they have: this one becomes a file of its own.
    const own = `${scratch}.own`;
    await copyFile(under(root, path), own);
    if (!isSame(now, await look(under(root, path)))) return { reason: 'is being written right now' };
    return write(mode, own, await hashFile(own));
  };

  if (now === null) return wasDeleted(question, before) ? { reason: DELETED } : write(entry.mode);
  if (now.kind !== 'file') {
    if (await isUntouched(question, now, before)) return write(entry.mode);
    return { reason: before === null ? BOTH_CREATED : OTHER_KIND };
  }

  const wasFile = before?.kind === 'file' ? before : undefined;
  const mode = wasFile ? threeWayMode(wasFile.mode, now.mode, entry.mode) : now.mode;
  // Only the mode changed: the content stays whatever the working tree has.
  if (entry.change === 'mode' && wasFile) return chmod(mode);
  if (now.size === entry.size && (await hashFile(under(root, path))) === hash) {
    // What one side created with other permissions than umask's is a difference, if it is the executable bit.
    if (!wasFile && !isSame(now, before ?? null) && ((now.mode ^ entry.mode) & 0o111) !== 0)
      return { reason: 'created both in the working tree and by the run, with different permissions' };
    return chmod(mode);
  }
  if (await isUntouched(question, now, before)) return write(wasFile ? mode : entry.mode);
  if (before === null) return { reason: BOTH_CREATED };
  if (before === undefined) return { reason: UNKNOWN };
  if (wasFile === undefined) return { reason: OTHER_KIND };
  if (ours === undefined) return write(mode);

  const origin = await base.content(path);
  if (origin === undefined)
    return { reason: 'changed in the working tree and by the run, and its content at the start is not kept' };
  // Copies under plain names, so that every name works as an argument, and so that `theirs` can't change while it is read.
  if ((await hashFile(ours)) !== hash) throw damaged(path);
  const names = { theirs: `${scratch}.theirs`, base: `${scratch}.base`, ours, into: `${scratch}.merged` };
  await copyFile(under(root, path), names.theirs);
  await copyFile(origin, names.base);
  if (!isSame(now, await look(under(root, path)))) return { reason: 'is being written right now' };
  const conflict = await threeWay({ ...names, cwd: root });
  removeFile(names.theirs);
  removeFile(names.base);
  if (conflict !== undefined) return { reason: conflict };
  const merged = await hashFile(names.into);
  if (merged === (await hashFile(under(root, path)))) return chmod(mode);
  return { ...write(mode, names.into, merged), merged: true };
}

/** Whether the run builds on something that the user has deleted meanwhile. */
function wasDeleted({ entry }: Question, before: Before): boolean {
  if (before !== undefined) return before !== null && before.kind !== 'directory';
  return 'change' in entry && entry.change !== 'created';
}

/** Whether a path still is what it was: nothing happened to it, or it was only touched or rewritten with the same content. */
async function isUntouched(question: Question, now: Seen, before: Before): Promise<boolean> {
  if (before === undefined) {
    // A folder with nothing owned in it is not recorded. That it holds nothing of the user's is checked by resolveMerge.
    const { entry } = question;
    return now.kind === 'directory' && 'change' in entry && entry.change === 'modified';
  }
  if (before === null) return false;
  if (isSame(now, before)) return true;
  if (now.kind !== before.kind) return false;
  if (now.kind === 'directory') return true;
  if (now.kind === 'symlink') return now.target === before.target;
  // Where no file is left to carry them, other permission bits are a change like any other.
  if (question.entry.kind !== 'file' && now.mode !== before.mode) return false;
  if (now.size !== before.size) return false;
  const origin = await question.base.content(question.entry.path);
  return (
    origin !== undefined &&
    (await hashFile(origin)) === (await hashFile(under(question.root, question.entry.path)))
  );
}
