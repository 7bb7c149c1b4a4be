import { lstatSync, utimesSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { forEachConcurrent } from '../../util/async/for-each-concurrent.js';
import { yieldToEventLoop } from '../../util/async/yield-to-event-loop.js';
import { codeOf } from '../../util/errors.js';
import { copyFile, hashFile, writeFileDurably } from '../../util/files/content.js';
import { isUnchanged, lstatOrNull, TreeReader } from '../../util/files/file-state.js';
import { removeFile } from '../../util/files/remove-tree.js';
import { foldersAbove, joinRoot } from '../../util/paths/path.js';
import { count } from '../../util/text/amounts.js';
import { convertedPaths } from '../commit/git-objects.js';
import { mergeFailure } from '../merge-error.js';
import { type Base, type BaseData, type BaseRecord, loadBase } from './base.js';
import { listOwned } from './owned-files.js';

/** From this many bytes on, what is to be copied before a run begins is announced: it takes a while, and disk. */
const MUCH = 1e9;

/**
 * Records, at the start of a run, what the paths that tasks may write look like, so that the merge can tell the
 * user's edits from the run's. `root` is absolute and real; `dir` is where to keep it (created, in the root's file
 * system). Costs what is owned, plus one `git status`. `announce` is told before more than `much` bytes (default: 1 GB)
 * are copied; `signal` stops between files and within large ones.
 * @throws MergeError when it can't be stored; the signal's reason when it is aborted: `dir` then holds what was copied
 */
export async function captureBase(options: {
  root: string;
  owned: (path: string) => boolean;
  dir: string;
  announce?: (text: string) => void;
  signal?: AbortSignal;
  much?: number;
}): Promise<Base> {
  const { root, owned, dir, signal, much = MUCH } = options;
  await mkdir(`${dir}/copies`, { recursive: true });
  const markerNs = await touchMarker(dir);
  signal?.throwIfAborted();
  const { files, opaque } = await listOwned(root, owned);
  signal?.throwIfAborted();
  const withBlob = [...files].filter(([, blob]) => blob !== undefined).map(([path]) => path);
  const converted = await convertedPaths(root, withBlob);

  const records = new Map<string, BaseRecord>();
  const toCopy: string[] = [];
  let bytes = 0;
  const tree = new TreeReader(root);
  const pause = yieldToEventLoop();
  for (const [path, blob] of files) {
    await pause();
    signal?.throwIfAborted();
    const seen = tree.lstatNoFollow(path);
    if (seen === null) continue;
    // Unchanged since before git looked, so git's word about the file still holds.
    const isSettled = BigInt(seen.ctimeNs) < markerNs;
    if (seen.kind !== 'file') records.set(path, { seen });
    else if (blob !== undefined && isSettled && !converted.has(path)) records.set(path, { seen, blob });
    else {
      toCopy.push(path);
      bytes += seen.size;
    }
  }
  if (bytes > much) {
    options.announce?.(
      `copying ${readableSize(bytes)} (${count(toCopy.length, 'file')}) before anything runs: all that the tasks own in ${root} and git does not keep, so that your own edits can be told from theirs. Ctrl-C stops it; a narrower \`owns\` copies less`,
    );
  }
  let copies = 0;
  await forEachConcurrent(toCopy, async (path) => {
    signal?.throwIfAborted();
    const record = await keepCopy(root, path, dir, String(copies++), signal);
    if (record !== null) records.set(path, record);
  });

  const folders: BaseData['folders'] = [];
  for (const path of foldersAbove(records.keys())) {
    const seen = lstatOrNull(joinRoot(root, path));
    if (seen?.kind === 'directory') folders.push([path, seen]);
  }
  const data: BaseData = { v: 1, root, markerNs: String(markerNs), records: [...records], folders, opaque };
  await writeFileDurably(`${dir}/base.json`, JSON.stringify(data));
  return loadBase(dir, owned);
}

/**
 * Touches a file in `dir` (of the root's file system) until its ctime moves, and gives that ctime: everything that changed before the call
 * is then strictly older, although file systems stamp in steps (4 ms on ext4; where steps are coarser than 50 ms, paths
 * changed just before the call count as changed, which is the safe side).
 */
async function touchMarker(dir: string): Promise<bigint> {
  const marker = `${dir}/marker`;
  const ctime = () => lstatSync(marker, { bigint: true }).ctimeNs;
  writeFileSync(marker, '', { flag: 'wx' });
  try {
    const first = ctime();
    for (let tries = 0; ; tries += 1) {
      utimesSync(marker, new Date(), new Date());
      const now = ctime();
      if (now > first || tries === 50) return now;
      await sleep(1);
    }
  } finally {
    removeFile(marker);
  }
}

/** Copies a file so that its bytes and what was seen belong together; null when it went away. */
async function keepCopy(
  root: string,
  path: string,
  dir: string,
  copy: string,
  signal: AbortSignal | undefined,
): Promise<BaseRecord | null> {
  const to = `${dir}/copies/${copy}`;
  for (let tries = 0; ; tries += 1) {
    const seen = lstatOrNull(joinRoot(root, path));
    if (seen === null || seen.kind !== 'file') return seen && { seen };
    try {
      await copyFile(joinRoot(root, path), to, { signal });
      const hash = await hashFile(to, signal);
      if (isUnchanged(seen, lstatOrNull(joinRoot(root, path)))) return { seen, copy, hash };
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      const code = codeOf(error);
      // Not readable: it can be compared, but not merged.
      if (code === 'EACCES') return { seen };
      const remedy = 'Nothing was started; put that right and run again.';
      if (code !== 'ENOENT') throw mergeFailure('keep a copy of', path, error, remedy);
    }
    removeFile(to);
    // A file that is being written all the time: recorded without content, so a change of it can't be merged three-way.
    if (tries === 5) return { seen };
  }
}

function readableSize(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  let size = bytes;
  for (; size >= 1000 && unit < units.length - 1; unit += 1) size /= 1000;
  return `${unit === 0 || size >= 10 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`;
}
