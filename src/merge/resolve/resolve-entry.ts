import { copyFile, hashFile } from '../../util/files/content.js';
import { type FileState, isUnchanged, lstatOrNull } from '../../util/files/file-state.js';
import { removeFile } from '../../util/files/remove-tree.js';
import { joinRoot } from '../../util/paths/path.js';
import type { ComposedEntry } from '../../workspace/index.js';
import type { Base } from '../base/base.js';
import { damaged } from '../merge-error.js';
import type { ResolvedEntry } from '../merge-plan.js';
import { threeFiles, threeWay, threeWayMode } from './three-way.js';

/** What to do about one path; no `write` = it already is as the run wants it. */
export type Outcome = { write?: ResolvedEntry; merged?: boolean } | { reason: string };

interface Question {
  root: string;
  base: Base;
  entry: ComposedEntry;
  /** What is at the path, not seen through any symlink. */
  now: FileState | null;
  /** Prefix of file names for intermediate results. */
  scratch: string;
}

/** What was at a path at the start; undefined = not known. */
type Before = FileState | null | undefined;

const DELETED = 'deleted in the working tree, changed by the run';
const BOTH_CREATED = 'created both in the working tree and by the run, with different content';
const UNKNOWN =
  'changed in the working tree and by the run, and how it was at the start is not known (git ignores it)';
const OTHER_KIND = 'changed in the working tree and by the run into different things';
const IS_WRITTEN = 'is being written right now';

/** Decides one entry by what its path was at the start (`before`), what it is now (`now`) and what the run wants. */
export async function resolveEntry(question: Question): Promise<Outcome> {
  const { base, entry, now } = question;
  if (now?.kind === 'special')
    return { reason: 'a device, pipe or socket is in its place in the working tree' };
  const before = base.was(entry.path);
  const asWanted = { write: writeOf(entry, now) };
  if (now === null) {
    if (entry.kind === 'absent') return {};
    return wasDeleted(entry, before) ? { reason: DELETED } : asWanted;
  }
  if (entry.kind === 'file' && now.kind === 'file') return resolveFile(question, entry, now, before);
  if (entry.kind === 'directory' && now.kind === 'directory') return resolveFolder(entry, now, before);
  if (entry.kind === 'symlink' && now.kind === 'symlink' && now.target === entry.target) return {};
  if (entry.kind === 'absent' && now.kind === 'directory') {
    // It goes only when it is empty by then, so nothing can be lost with it.
    if (entry.was === 'directory') return asWanted;
    return { reason: 'a folder in the working tree, deleted by the run' };
  }
  if (await isUntouched(question, now, before)) return asWanted;
  if (entry.kind === 'absent') return { reason: 'changed in the working tree, deleted by the run' };
  if (entry.kind === 'directory' || before) return { reason: OTHER_KIND };
  if (before === null) return { reason: BOTH_CREATED };
  return { reason: entry.kind === 'symlink' ? UNKNOWN : OTHER_KIND };
}

function writeOf(entry: ComposedEntry, expected: FileState | null): ResolvedEntry {
  const { path, kind } = entry;
  if (kind === 'symlink') return { path, kind, target: entry.target, expected };
  if (kind === 'directory') return { path, kind, mode: entry.mode, expected };
  if (kind === 'file') return { path, kind, mode: entry.mode, from: entry.blob, hash: entry.hash, expected };
  return { path, kind, expected };
}

/** Only the mode of a folder is merged. One that both created keeps the mode it has in the working tree. */
function resolveFolder(
  entry: ComposedEntry & { kind: 'directory' },
  now: FileState,
  before: Before,
): Outcome {
  const ours = entry.change === 'mode' ? entry.mode : now.mode;
  const mode = before ? threeWayMode(before.mode, now.mode, entry.mode) : ours;
  if (mode === now.mode) return {};
  return { write: { path: entry.path, kind: 'mode', mode, expected: now } };
}

async function resolveFile(
  question: Question,
  entry: ComposedEntry & { kind: 'file' },
  now: FileState,
  before: Before,
): Promise<Outcome> {
  const { root, base, scratch } = question;
  const { path, hash } = entry;
  const at = joinRoot(root, path);
  const write = (mode: number, from = entry.blob, content = hash) => ({
    write: { path, kind: 'file' as const, mode, from, hash: content, expected: now },
  });
  const chmod = async (mode: number): Promise<Outcome> => {
    if (mode === now.mode) return {};
    if (now.nlink === undefined) return { write: { path, kind: 'mode', mode, expected: now } };
    // Its other names (hard links) keep the mode they have: this one becomes a file of its own.
    const own = `${scratch}.own`;
    await copyFile(at, own);
    if (!isUnchanged(now, lstatOrNull(at))) return { reason: IS_WRITTEN };
    return write(mode, own, await hashFile(own));
  };

  const wasFile = before?.kind === 'file' ? before : undefined;
  const mode = wasFile ? threeWayMode(wasFile.mode, now.mode, entry.mode) : now.mode;
  // Only the mode changed: the content stays whatever the working tree has.
  if (entry.change === 'mode' && wasFile) return chmod(mode);
  if (now.size === entry.size && (await hashFile(at)) === hash) {
    // What one side created with other permissions than umask's is a difference, if it is the executable bit.
    if (!wasFile && !isUnchanged(now, before ?? null) && ((now.mode ^ entry.mode) & 0o111) !== 0)
      return { reason: 'created both in the working tree and by the run, with different permissions' };
    return chmod(mode);
  }
  if (await isUntouched(question, now, before)) return write(wasFile ? mode : entry.mode);
  if (before === null) return { reason: BOTH_CREATED };
  if (before === undefined) return { reason: UNKNOWN };
  if (wasFile === undefined) return { reason: OTHER_KIND };

  const origin = await base.content(path);
  if (origin === undefined)
    return { reason: 'changed in the working tree and by the run, and its content at the start is not kept' };
  // Copies under plain names, so that every name works as an argument, and so that `theirs` can't change while it is read.
  if ((await hashFile(entry.blob)) !== hash) throw damaged(path);
  const files = threeFiles(scratch, entry.blob);
  await copyFile(at, files.theirs);
  await copyFile(origin, files.base);
  if (!isUnchanged(now, lstatOrNull(at))) return { reason: IS_WRITTEN };
  const conflict = await threeWay(root, files);
  removeFile(files.theirs);
  removeFile(files.base);
  if (conflict !== undefined) return { reason: conflict };
  const merged = await hashFile(files.into);
  if (merged === (await hashFile(at))) return chmod(mode);
  return { ...write(mode, files.into, merged), merged: true };
}

/** Whether the run builds on something that the user has deleted meanwhile. */
function wasDeleted({ kind, change }: ComposedEntry, before: Before): boolean {
  if (kind === 'directory' && change === 'mode') return true;
  if (before === undefined) return change !== 'created';
  return before !== null && before.kind !== 'directory';
}

/** Whether a path still is what it was: nothing happened to it, or it was only touched or rewritten with the same content. */
async function isUntouched(question: Question, now: FileState, before: Before): Promise<boolean> {
  const { root, base, entry } = question;
  // A folder with nothing owned in it is not recorded. That it holds nothing of the user's is checked by resolveMerge.
  if (before === undefined) return now.kind === 'directory' && entry.change === 'modified';
  if (before === null) return false;
  if (isUnchanged(now, before)) return true;
  if (now.kind !== before.kind) return false;
  if (now.kind === 'directory') return true;
  if (now.kind === 'symlink') return now.target === before.target;
  // Where no file is left to carry them, other permission bits are a change like any other.
  if (entry.kind !== 'file' && now.mode !== before.mode) return false;
  if (now.size !== before.size) return false;
  const origin = await base.content(entry.path);
  return origin !== undefined && (await hashFile(origin)) === (await hashFile(joinRoot(root, entry.path)));
}
