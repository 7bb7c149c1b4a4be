import { readdirSync } from 'node:fs';
import { chmod, chown, lstat, mkdir, open } from 'node:fs/promises';
import { syncPath, writeFileDurably } from '../../journal/index.js';
import { eachBounded } from '../../util/async/each-bounded.js';
import { codeOf, unlessGone } from '../../util/errors/system-error.js';
import { copyFile } from '../../util/files/copy-file.js';
import { hashFile } from '../../util/files/hash.js';
import { removeFile, removeTree } from '../../util/files/remove-tree.js';
import { parentOf } from '../../util/paths/relative-path.js';
import { under } from '../base/seen.js';
import { damaged, mergeFailure, NOTHING_TOUCHED } from '../merge-error.js';
import { keepAttributes } from '../resolve/attributes.js';
import type { ResolvedEntry } from '../resolve/entry.js';
import { fault } from './fault.js';
import { besideName, type PlannedWrite } from './merge-plan.js';
import type { StagingPlaces } from './preflight.js';

/** Where the staged content of a write is. */
export function stagedPath(root: string, dir: string, run: string, write: PlannedWrite): string | Buffer {
  if (write.beside === undefined) return `${dir}/new/${write.n}`;
  const name = besideName(run, write.n);
  return under(root, write.beside === '' ? name : `${write.beside}/${name}`);
}

/**
 * Copies all new content to where it can be linked into place, with its final mode, owner and the attributes of the file
 * that it replaces, checks it against its hash and syncs it. Takes root, the merge folder (must exist), the run and where
 * each folder's files go. `note` is told of attributes that can't be kept. Gives the writes as they go into the plan.
 * Throws a MergeError; `unstage` then removes what was staged.
 */
export async function stage(options: {
  root: string;
  dir: string;
  run: string;
  writes: readonly ResolvedEntry[];
  places: StagingPlaces;
  note?: ((text: string) => void) | undefined;
}): Promise<PlannedWrite[]> {
  const { root, dir, run, writes, places } = options;
  const planned = writes.map((entry, n): PlannedWrite => {
    const { path, kind, expected } = entry;
    const write: PlannedWrite = { n, path, kind, expected };
    if ('mode' in entry) write.mode = entry.mode;
    if (entry.kind === 'symlink') write.target = entry.target;
    if (entry.kind === 'file') write.hash = entry.hash;
    const beside = kind === 'file' ? places.get(parentOf(path)) : undefined;
    if (beside !== undefined) write.beside = beside;
    return write;
  });
  await mkdir(`${dir}/new`, { recursive: true });
  await mkdir(`${dir}/old`, { recursive: true });
  const beside = planned.filter((write) => write.beside !== undefined);
  if (beside.length > 0) await writeFileDurably(`${dir}/beside.json`, JSON.stringify(beside));
  const files = planned.flatMap((write) => {
    const entry = writes[write.n]!;
    return entry.kind === 'file' ? [{ write, entry, at: stagedPath(root, dir, run, write) }] : [];
  });
  const eachFile = (work: (file: (typeof files)[number]) => Promise<void>) =>
    eachBounded(files, async (file) => {
      await work(file).catch((error: unknown) => {
        throw mergeFailure('store the new content of', file.entry.path, error, NOTHING_TOUCHED);
      });
    });
  // Content first: writing it takes capabilities away, and so does chown, which takes setuid bits as well.
  await eachFile(({ entry, at }) => putContent(at, entry));
  const lost = await keepAttributes(
    dir,
    files.flatMap(({ entry: { path, expected }, at }) =>
      expected?.kind === 'file' ? [{ path, from: under(root, path), expected, to: at }] : [],
    ),
  );
  for (const text of [...lost, ...lostOwners(writes)]) options.note?.(text);
  await eachFile(async ({ write, entry, at }) => {
    write.ino = await finishFile(at, entry.mode);
    fault('merge-staging');
  });
  await syncPath(`${dir}/new`);
  for (const folder of new Set(beside.map((write) => write.beside!))) await syncPath(under(root, folder));
  return planned;
}

async function putContent(to: string | Buffer, entry: ResolvedEntry & { kind: 'file' }): Promise<void> {
  await copyFile(entry.from, to, { exclusive: true });
  if ((await hashFile(to)) !== entry.hash) throw damaged(entry.path);
  const owner = entry.expected?.kind === 'file' ? entry.expected : undefined;
  if (owner && process.geteuid?.() === 0) await chown(to, owner.uid, owner.gid);
  await chmod(to, 0o600);
}

/** Sets the mode, on the open file because one of 000 would not let it be opened; gives the inode. */
async function finishFile(at: string | Buffer, mode: number): Promise<string> {
  await chmod(at, 0o600);
  const handle = await open(at, 'r');
  try {
    await handle.chmod(mode);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return String((await lstat(at, { bigint: true })).ino);
}

/** Removes everything that was staged; what is not there is fine. The folder `placed` stays: it says that all is in place. */
export async function unstage(
  root: string,
  dir: string,
  run: string,
  beside: readonly PlannedWrite[],
): Promise<void> {
  await eachBounded(beside, async (write) => {
    try {
      removeFile(stagedPath(root, dir, run, write));
    } catch (error) {
      // The folder was replaced since.
      if (codeOf(error) !== 'ENOTDIR') throw error;
    }
  });
  await removeTree(`${dir}/new`);
  for (const name of unlessGone(() => readdirSync(`${dir}/placed`)) ?? [])
    await removeTree(`${dir}/placed/${name}`);
}

/** A file that belonged to somebody else is a new one of whoever merges, unless that is root. */
function lostOwners(writes: readonly ResolvedEntry[]): string[] {
  const uid = process.geteuid?.() ?? 0;
  if (uid === 0) return [];
  return writes.flatMap(({ path, kind, expected }) =>
    kind === 'file' && expected?.kind === 'file' && expected.uid !== uid
      ? [`${path} belonged to another user (uid ${expected.uid}), and is yours now`]
      : [],
  );
}
