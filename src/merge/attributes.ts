import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, mkdtemp, open, rm, symlink } from 'node:fs/promises';
import { O_PATH } from './folder.js';
import { codeOf } from './merge-error.js';
import type { Seen } from './seen.js';

/** A file whose extended attributes another one is to have. */
export interface Heir {
  /** The path for people. */
  path: string;
  /** Where the file is now. */
  from: string | Buffer;
  /** What was seen there: nothing is taken from another file. */
  expected: Pick<Seen, 'ino'>;
  /** The file that gets them. */
  to: string | Buffer;
}

/** So many pairs of files are kept open at once while cp works on them. */
const BATCH = 64;
const GONE: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP']);
/** The first descriptor that cp inherits beyond its standard streams. */
const FIRST_FD = 3;

/**
 * Gives files the extended attributes of those that they replace: user attributes, POSIX ACLs, file capabilities. Node has no
 * call for it, so GNU cp does it, one process for many files: it is given a folder of links to the files, open, so that it
 * reads the very ones that were looked at, and a folder of links to their heirs. It changes the heirs' permission bits
 * too, which are set afterwards. `dir` is a folder for the links. Gives one sentence for each file that lost something.
 */
export async function keepAttributes(dir: string, heirs: readonly Heir[]): Promise<string[]> {
  if (process.platform !== 'linux') return [];
  const notes: string[] = [];
  for (let at = 0; at < heirs.length; at += BATCH) {
    const lost = await keepOfBatch(dir, heirs.slice(at, at + BATCH));
    if (lost === 'no GNU cp') return [...notes, WITHOUT_CP];
    notes.push(...lost);
  }
  return notes;
}

const WITHOUT_CP =
  'extended attributes, ACLs and capabilities that the replaced files may have had are not kept, because there is no GNU cp here (coreutils)';

interface Opened {
  heir: Heir;
  /** Descriptors. */
  from: number;
  to: number;
}

async function keepOfBatch(dir: string, heirs: readonly Heir[]): Promise<string[] | 'no GNU cp'> {
  const opened: Opened[] = [];
  const handles: FileHandle[] = [];
  try {
    for (const heir of heirs) {
      const from = await openExpected(heir);
      if (from === undefined) continue;
      handles.push(from);
      const to = await open(heir.to, O_PATH | constants.O_NOFOLLOW);
      handles.push(to);
      opened.push({ heir, from: from.fd, to: to.fd });
    }
    return await keepOfOpened(dir, opened);
  } finally {
    for (const handle of handles) await handle.close();
  }
}

/** undefined: it is another file by now, which the last look before the commit point will find. */
async function openExpected({ from, expected }: Heir): Promise<FileHandle | undefined> {
  let handle: FileHandle;
  try {
    handle = await open(from, O_PATH | constants.O_NOFOLLOW);
  } catch (error) {
    if (GONE.has(codeOf(error))) return undefined;
    throw error;
  }
  let isIt = false;
  try {
    const stat = await handle.stat({ bigint: true });
    isIt = stat.isFile() && String(stat.ino) === expected.ino;
    return isIt ? handle : undefined;
  } finally {
    if (!isIt) await handle.close();
  }
}

/** One process for all; where something is refused, halves find out for which files. */
async function keepOfOpened(mergeDir: string, opened: readonly Opened[]): Promise<string[] | 'no GNU cp'> {
  if (opened.length === 0) return [];
  const dir = await mkdtemp(`${mergeDir}/attributes-`);
  await mkdir(`${dir}/from`);
  await mkdir(`${dir}/to`);
  // Links to descriptors that cp inherits: names could lead to something else by now.
  for (const n of opened.keys()) {
    await symlink(`/proc/self/fd/${FIRST_FD + 2 * n}`, `${dir}/from/${n}`);
    await symlink(`/proc/self/fd/${FIRST_FD + 2 * n + 1}`, `${dir}/to/${n}`);
  }
  const before = await Promise.all(opened.map(({ heir }) => contentStamp(heir.to)));
  const result = await copyAttributes(
    dir,
    opened.flatMap(({ from, to }) => [from, to]),
  );
  await rm(dir, { recursive: true });
  for (const [n, { heir }] of opened.entries()) {
    if ((await contentStamp(heir.to)) !== before[n])
      throw new Error('cp --attributes-only changed the content of a file');
  }
  if (result === 'done' || result === 'no GNU cp') return result === 'done' ? [] : result;
  if (opened.length === 1) return [`${opened[0]!.heir.path} ${result.refused}`];
  const middle = Math.ceil(opened.length / 2);
  const notes: string[] = [];
  for (const half of [opened.slice(0, middle), opened.slice(middle)]) {
    const lost = await keepOfOpened(mergeDir, half);
    if (lost === 'no GNU cp') return lost;
    notes.push(...lost);
  }
  return notes;
}

async function contentStamp(path: string | Buffer): Promise<string> {
  const { size, mtimeNs, ino } = await lstat(path, { bigint: true });
  return `${size} ${mtimeNs} ${ino}`;
}

function copyAttributes(
  dir: string,
  descriptors: readonly number[],
): Promise<'done' | 'no GNU cp' | { refused: string }> {
  const args = ['-rLT', '--attributes-only', '--preserve=mode,xattr', '--', `${dir}/from`, `${dir}/to`];
  return new Promise((resolve) => {
    const child = spawn('cp', args, {
      env: { ...process.env, LC_ALL: 'C' },
      stdio: ['ignore', 'ignore', 'pipe', ...descriptors],
    });
    const told: Buffer[] = [];
    // With too many open files there is a child without streams, which then emits `error`.
    child.stderr?.on('data', (chunk: Buffer) => told.push(chunk));
    child.once('error', (error) =>
      resolve(codeOf(error) === 'ENOENT' ? 'no GNU cp' : { refused: lossOf(error.message) }),
    );
    child.once('close', (code) => {
      const stderr = Buffer.concat(told).toString('utf8').trim();
      if (code === 0) resolve('done');
      // What another cp says to options that it does not know.
      else if (/unrecognized option|(illegal|invalid|unknown) option|usage:/i.test(stderr))
        resolve('no GNU cp');
      else resolve({ refused: lossOf(stderr) });
    });
  });
}

/** What is lost and what the system said; cp names our links, which mean nothing to people. */
function lossOf(stderr: string): string {
  const line = stderr.split('\n')[0]!;
  const attribute = /attribute '([^']+)'/.exec(line)?.[1];
  const why = line.slice(line.lastIndexOf(': ') + 2) || 'cp failed';
  return attribute === undefined
    ? `may have lost extended attributes, an ACL or capabilities (${why})`
    : `lost its attribute ${attribute} (${why})`;
}
