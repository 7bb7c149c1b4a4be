import { readdirSync } from 'node:fs';
import { chmod, chown, mkdir, open } from 'node:fs/promises';
import { forEachConcurrent } from '../../util/async/for-each-concurrent.js';
import { unless, unlessGone } from '../../util/errors.js';
import { copyFile, hashFile, syncPath, writeFileDurably } from '../../util/files/content.js';
import { lstatOrNull } from '../../util/files/file-state.js';
import { removeFile, removeTree } from '../../util/files/remove-tree.js';
import { below, isSafeRelativePath, joinRoot, parentOf } from '../../util/paths/path.js';
import { damaged, explaining, NOTHING_TOUCHED } from '../merge-error.js';
import { besideName, type MergeFolder, type PlannedWrite, type ResolvedEntry } from '../merge-plan.js';
import { keepAttributes } from '../resolve/extended-attributes.js';
import type { StagingPlaces } from './check-writable.js';
import { fault } from './fault.js';

/** Where the staged content of a write is. */
export function stagedPath({ root, dir, run }: MergeFolder, { n, beside }: PlannedWrite): string | Buffer {
  return beside === undefined ? `${dir}/new/${n}` : joinRoot(root, below(beside, besideName(run, n)));
}

/** Whether the folder of a staged file, as it was read from disk, is the merge folder or one inside root. */
export function isStagingPlace(beside: unknown): boolean {
  return beside === undefined || beside === '' || isSafeRelativePath(beside);
}

/**
 * Copies all new content to where it can be linked into place (`places`), with its final mode, owner and the attributes
 * of the file that it replaces, checks it against its hash and syncs it. The merge folder is there. `note` is told of
 * what can't be kept. Gives the writes as they go into the plan.
 * @throws MergeError; `unstage` then removes what was staged
 */
export async function stage(
  job: MergeFolder,
  writes: readonly ResolvedEntry[],
  places: StagingPlaces,
  note: (text: string) => void = () => {},
): Promise<PlannedWrite[]> {
  const { root, dir } = job;
  await mkdir(`${dir}/new`, { recursive: true });
  await mkdir(`${dir}/old`, { recursive: true });
  const files: { entry: ResolvedEntry & { kind: 'file' }; write: PlannedWrite; at: string | Buffer }[] = [];
  const planned = writes.map((entry, n): PlannedWrite => {
    if (entry.kind !== 'file') return { n, ...entry };
    const { from: _, ...rest } = entry;
    const write = { n, ...rest, beside: places.get(parentOf(entry.path)) };
    files.push({ entry, write, at: stagedPath(job, write) });
    return write;
  });
  const beside = planned.filter((write) => write.beside !== undefined);
  if (beside.length > 0) await writeFileDurably(`${dir}/beside.json`, JSON.stringify(beside));
  const eachFile = (work: (file: (typeof files)[number]) => Promise<void>) =>
    forEachConcurrent(files, (file) =>
      explaining('store the new content of', file.entry.path, NOTHING_TOUCHED, () => work(file)),
    );
  // Content first: writing it takes capabilities away, and so does chown, which takes setuid bits as well.
  await eachFile(({ entry, at }) => putContent(at, entry));
  const replaced = files.flatMap(({ entry: { path, expected }, at }) =>
    expected?.kind === 'file' ? [{ path, from: joinRoot(root, path), expected, to: at }] : [],
  );
  for (const text of [...(await keepAttributes(dir, replaced)), ...lostOwners(writes)]) note(text);
  await eachFile(async ({ write, entry, at }) => {
    write.ino = await finishFile(at, entry.mode);
    fault('merge-staging');
  });
  await syncPath(`${dir}/new`);
  for (const folder of new Set(beside.map((write) => write.beside!))) await syncPath(joinRoot(root, folder));
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
async function finishFile(at: string | Buffer, mode: number): Promise<string | undefined> {
  await chmod(at, 0o600);
  const handle = await open(at, 'r');
  try {
    await handle.chmod(mode);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return lstatOrNull(at)?.ino;
}

/** Removes everything that was staged for the writes; what is not there is fine. The folder `placed` stays: it says that all is in place. */
export async function unstage(job: MergeFolder, writes: readonly PlannedWrite[]): Promise<void> {
  for (const write of writes) {
    // ENOTDIR: the folder was replaced since.
    if (write.beside !== undefined) unless(['ENOTDIR'], () => removeFile(stagedPath(job, write)));
  }
  await removeTree(`${job.dir}/new`);
  for (const name of unlessGone(() => readdirSync(`${job.dir}/placed`)) ?? [])
    await removeTree(`${job.dir}/placed/${name}`);
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
