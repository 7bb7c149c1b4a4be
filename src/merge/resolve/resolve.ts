import { readdirSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { forEachConcurrent } from '../../util/async/for-each-concurrent.js';
import { yieldToEventLoop } from '../../util/async/yield-to-event-loop.js';
import { unless } from '../../util/errors.js';
import { type FileState, isUnchanged, TreeReader } from '../../util/files/file-state.js';
import { decodeName, isSafeRelativePath, joinRoot } from '../../util/paths/path.js';
import type { ComposedEntry } from '../../workspace/index.js';
import type { Base } from '../base/base.js';
import { explaining, MergeError, mergeFailure, NOTHING_TOUCHED } from '../merge-error.js';
import type { Conflict, ResolvedEntry } from '../merge-plan.js';
import { blockedParent } from './blocked-parent.js';
import { resolveEntry } from './resolve-entry.js';

/** What the merge looked at: for each path what was there, and for each folder that gives way to something else its names. */
interface Fingerprint {
  paths: [path: string, seen: FileState | null][];
  folders: [path: string, names: string[]][];
}

/** What comparing with the working tree gave. */
export type Resolution =
  | {
      ok: true;
      /** What to write; empty when the working tree already is as the run wants it. */
      writes: ResolvedEntry[];
      /** Paths whose contents were merged three-way. */
      merged3: string[];
      fingerprint: Fingerprint;
    }
  | { ok: false; conflicts: Conflict[] };

/**
 * Compares the working tree with base for every entry (unique paths) and gives what to write, or every conflict.
 * Writes nothing into root; results of three-way merges go to the folder `into` (created).
 * @throws MergeError for entries that point outside root or into `.git`/`.forge`, and for paths that can't be read
 */
export async function resolveMerge(options: {
  root: string;
  base: Base;
  entries: readonly ComposedEntry[];
  into: string;
}): Promise<Resolution> {
  const { root, base, into } = options;
  const entries = new Map<string, ComposedEntry>();
  for (const entry of options.entries) {
    const name = JSON.stringify(entry.path);
    if (!isSafeRelativePath(entry.path))
      throw new MergeError(`A changeset names ${name}, which forge never writes. ${NOTHING_TOUCHED}`);
    if (entries.has(entry.path))
      throw new MergeError(`The changes to merge name ${name} twice. ${NOTHING_TOUCHED}`);
    entries.set(entry.path, entry);
  }
  await mkdir(into, { recursive: true });
  const becomesFolder = (path: string) => entries.get(path)?.kind === 'directory';

  const conflicts: Conflict[] = [];
  const writes: ResolvedEntry[] = [];
  const merged3: string[] = [];
  const fingerprint: Fingerprint = { paths: [], folders: [] };
  let count = 0;
  const tree = new TreeReader(root);
  const resolve = async (entry: ComposedEntry) => {
    const { path } = entry;
    const scratch = `${into}/${count++}`;
    const blocked = blockedParent(root, path, becomesFolder);
    if (blocked !== undefined) {
      const replaced = entries.get(blocked.folder);
      const bothDeleted = blocked.kind === 'file' || (replaced && replaced.kind !== 'absent');
      if (entry.kind !== 'absent' || !bothDeleted) conflicts.push({ path, reason: blocked.reason });
      return;
    }
    const now = tree.lstatNoFollow(path);
    const outcome = await resolveEntry({ root, base, entry, scratch, now });
    if ('reason' in outcome) {
      conflicts.push({ path, reason: outcome.reason });
      return;
    }
    fingerprint.paths.push([path, now]);
    if (outcome.write === undefined) return;
    writes.push(outcome.write);
    if (outcome.merged) merged3.push(path);
    if (now?.kind !== 'directory' || (entry.kind !== 'file' && entry.kind !== 'symlink')) return;
    const foreign = foreignContent(tree, path, entries, fingerprint.folders);
    if (foreign === undefined) return;
    const reason = `the run replaces this folder, but it holds ${JSON.stringify(foreign)}`;
    conflicts.push({ path, reason });
  };
  await forEachConcurrent(entries.values(), (entry) =>
    explaining('compare', entry.path, NOTHING_TOUCHED, () => resolve(entry)),
  );
  if (conflicts.length > 0) return { ok: false, conflicts: sortByPath(conflicts) };
  fingerprint.paths.sort(([a], [b]) => (a < b ? -1 : 1));
  return { ok: true, writes: sortByPath(writes), merged3: merged3.sort(), fingerprint };
}

/** Whether every path is still as it was when `resolveMerge` looked. @throws MergeError for paths that can't be read */
export async function stillResolved(
  root: string,
  resolution: { fingerprint: Fingerprint },
): Promise<boolean> {
  const { paths, folders } = resolution.fingerprint;
  const pause = yieldToEventLoop();
  const tree = new TreeReader(root);
  for (const [path, seen] of paths) {
    await pause();
    try {
      if (!isUnchanged(seen, tree.lstatNoFollow(path))) return false;
    } catch (error) {
      throw mergeFailure('compare', path, error, NOTHING_TOUCHED);
    }
  }
  return folders.every(([path, names]) => namesIn(root, path).join('/') === names.join('/'));
}

/** The first path below a folder that the run does not delete; names seen on the way go to `seen`. */
function foreignContent(
  tree: TreeReader,
  folder: string,
  entries: ReadonlyMap<string, ComposedEntry>,
  seen: Fingerprint['folders'],
): string | undefined {
  const names = namesIn(tree.dir, folder);
  seen.push([folder, names]);
  for (const name of names) {
    const path = `${folder}/${name}`;
    if (entries.get(path)?.kind !== 'absent') return path;
    const foreign = tree.isRealFolder(path) ? foreignContent(tree, path, entries, seen) : undefined;
    if (foreign !== undefined) return foreign;
  }
  return undefined;
}

function namesIn(root: string, folder: string): string[] {
  try {
    const list = () => readdirSync(joinRoot(root, folder), { encoding: 'buffer' });
    return (unless(['ENOENT', 'ENOTDIR'], list) ?? []).map(decodeName).sort();
  } catch (error) {
    throw mergeFailure('read', folder, error, NOTHING_TOUCHED);
  }
}

function sortByPath<T extends { path: string }>(items: T[]): T[] {
  return items.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}
