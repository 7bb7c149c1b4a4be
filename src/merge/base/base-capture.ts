import { mkdir, open, stat, utimes } from 'node:fs/promises';
import { writeFileDurably } from '../../journal/index.js';
import { eachBounded } from '../../util/async/each-bounded.js';
import { codeOf } from '../../util/errors/system-error.js';
import { copyFile } from '../../util/files/copy-file.js';
import { hashFile } from '../../util/files/hash.js';
import { removeFile } from '../../util/files/remove-tree.js';
import { foldersAbove } from '../../util/paths/relative-path.js';
import { count } from '../../util/text/count.js';
import { mergeFailure } from '../merge-error.js';
import { convertedPaths } from '../resolve/filters.js';
import { type Base, loadBase } from './base.js';
import type { BaseData, BaseRecord } from './base-record.js';
import { listOwned } from './owned-files.js';
import { isSame, look, lookInside, type Seen, under } from './seen.js';

/** From this many bytes on, what is to be copied before a run begins is announced: it takes a while, and disk. */
const MUCH = 1e9;

/**
 * Records, at the start of a run, what the paths that tasks may write look like, so that the merge can tell the
 * user's edits from the run's. Takes root (absolute, real), the test for owned paths, the folder to keep it in
 * (created, in the root's file system), and, for a root outside git, the folders to walk (default: all). Costs what is
 * owned, plus one `git status`. `announce` is told before more than `much` bytes (default: 1 GB) are copied; `signal`
 * stops between files and within large ones.
 * @throws MergeError when it can't be stored; the signal's reason when it is aborted: `dir` then holds what was copied
 */
export async function captureBase(options: {
  root: string;
  owned: (path: string) => boolean;
  dir: string;
  folders?: readonly string[];
  announce?: (text: string) => void;
  signal?: AbortSignal;
  much?: number;
}): Promise<Base> {
  const { root, owned, dir, signal } = options;
  await mkdir(`${dir}/copies`, { recursive: true });
  const markerNs = await touchMarker(dir);
  signal?.throwIfAborted();
  const { files, opaque } = await listOwned(root, owned, options.folders ?? []);
  signal?.throwIfAborted();
  const withBlob = [...files].filter(([, blob]) => blob !== undefined).map(([path]) => path);
  const converted = await convertedPaths(root, withBlob);

  const records = new Map<string, BaseRecord>();
  const toCopy: string[] = [];
  let bytes = 0;
  const lookAt = lookInside(root);
  await eachBounded(files, async ([path, blob]) => {
    signal?.throwIfAborted();
    const seen = await lookAt(path);
    if (seen === null) return;
    // Unchanged since before git looked, so git's word about the file still holds.
    const settled = BigInt(seen.ctimeNs) < markerNs;
    if (seen.kind !== 'file') records.set(path, { seen });
    else if (blob !== undefined && settled && !converted.has(path)) records.set(path, { seen, blob });
    else {
      toCopy.push(path);
      bytes += seen.size;
    }
  });
  if (bytes > (options.much ?? MUCH)) {
    options.announce?.(
      `copying ${readableSize(bytes)} (${count(toCopy.length, 'file')}) before anything runs: all that the tasks own in ${root} and git does not keep, so that your own edits can be told from theirs. Ctrl-C stops it; a narrower \`owns\` copies less`,
    );
  }
  let copies = 0;
  await eachBounded(toCopy, async (path) => {
    signal?.throwIfAborted();
    const record = await keepCopy(root, path, dir, String(copies++), signal);
    if (record !== null) records.set(path, record);
  });

  const folders = new Map<string, Seen>();
  await eachBounded(foldersAbove(records.keys()), async (path) => {
    const seen = await look(under(root, path));
    if (seen?.kind === 'directory') folders.set(path, seen);
  });
  const data: BaseData = {
    v: 1,
    root,
    markerNs: String(markerNs),
    records: [...records],
    folders: [...folders],
    opaque,
  };
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
  await (await open(marker, 'wx')).close();
  try {
    const first = (await stat(marker, { bigint: true })).ctimeNs;
    for (let tries = 0; ; tries += 1) {
      await utimes(marker, new Date(), new Date());
      const now = (await stat(marker, { bigint: true })).ctimeNs;
      if (now > first || tries === 50) return now;
      await new Promise((resolve) => setTimeout(resolve, 1));
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
    const seen = await look(under(root, path));
    if (seen === null || seen.kind !== 'file') return seen && { seen };
    try {
      await copyFile(under(root, path), to, { signal });
      const hash = await hashFile(to, signal);
      if (isSame(seen, await look(under(root, path)))) return { seen, copy, hash };
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      const code = codeOf(error);
      // Not readable: it can be compared, but not merged.
      if (code === 'EACCES') return { seen };
      if (code !== 'ENOENT')
        throw mergeFailure(
          'keep a copy of',
          path,
          error,
          'Nothing was started; put that right and run again.',
        );
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
