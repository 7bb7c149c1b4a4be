import { closeSync, constants, fstatSync, mkdirSync, mkdtempSync, openSync, symlinkSync } from 'node:fs';
import { hasCode, unless } from '../../util/errors.js';
import { O_PATH } from '../../util/files/file-handles.js';
import type { FileState } from '../../util/files/file-state.js';
import { removeTree } from '../../util/files/remove-tree.js';
import { run } from '../../util/process/run-program.js';

/** A file that is to have the extended attributes of another, which it replaces. */
export interface Replacement {
  /** The path for people. */
  path: string;
  /** Where the file is that has them. */
  from: string | Buffer;
  /** What was seen there: nothing is taken from another file. */
  expected: Pick<FileState, 'ino'>;
  /** The file that gets them. */
  to: string | Buffer;
}

/** So many pairs of files are kept open at once while cp works on them. */
const BATCH = 64;
/** The first descriptor that cp inherits beyond its standard streams. */
const FIRST_FD = 3;

/** There is no cp that can do it. */
class NoGnuCpError extends Error {}
const WITHOUT_CP =
  'extended attributes, ACLs and capabilities that the replaced files may have had are not kept, because there is no GNU cp here (coreutils)';

/**
 * Gives files the extended attributes of those that they replace: user attributes, POSIX ACLs, file capabilities. Node has no
 * call for it, so GNU cp does it, one process for many files: it is given a folder of links to the files, open, so that it
 * reads the very ones that were looked at, and a folder of links to their replacements. It changes the permission bits of
 * those too, which are set afterwards. `dir` is a folder for the links. Gives one sentence for each file that lost something.
 * @throws what the system says when files can't be opened or cp can't be started
 */
export async function keepAttributes(dir: string, replacements: readonly Replacement[]): Promise<string[]> {
  if (process.platform !== 'linux' || replacements.length === 0) return [];
  const links = makeLinks(dir, Math.min(BATCH, replacements.length));
  const notes: string[] = [];
  try {
    for (let at = 0; at < replacements.length; at += BATCH)
      notes.push(...(await keepOfBatch(links, replacements.slice(at, at + BATCH))));
  } catch (error) {
    if (!(error instanceof NoGnuCpError)) throw error;
    notes.push(WITHOUT_CP);
  } finally {
    await removeTree(links.dir);
  }
  return notes;
}

/** Two folders of links to descriptors that cp inherits: names could lead to something else by then. */
interface Links {
  dir: string;
  count: number;
}

function makeLinks(parent: string, count: number): Links {
  const dir = mkdtempSync(`${parent}/attributes-`);
  mkdirSync(`${dir}/from`);
  mkdirSync(`${dir}/to`);
  for (let n = 0; n < count; n += 1) {
    symlinkSync(`/proc/self/fd/${FIRST_FD + 2 * n}`, `${dir}/from/${n}`);
    symlinkSync(`/proc/self/fd/${FIRST_FD + 2 * n + 1}`, `${dir}/to/${n}`);
  }
  return { dir, count };
}

/** A pair of files, as descriptors. */
interface Opened {
  path: string;
  from: number;
  to: number;
}

async function keepOfBatch(links: Links, replacements: readonly Replacement[]): Promise<string[]> {
  const opened: Opened[] = [];
  const descriptors: number[] = [];
  try {
    // Synchronous, a batch at a time: ten small calls a file, which would take ten times as long one by one in the pool.
    for (const replacement of replacements) {
      const from = openExpected(replacement);
      if (from === undefined) continue;
      descriptors.push(from);
      const to = openSync(replacement.to, O_PATH | constants.O_NOFOLLOW);
      descriptors.push(to);
      opened.push({ path: replacement.path, from, to });
    }
    return await keepOfOpened(links, opened);
  } finally {
    for (const descriptor of descriptors) closeSync(descriptor);
  }
}

/** undefined: it is another file by now, which the last look before the commit point will find. */
function openExpected({ from, expected }: Replacement): number | undefined {
  const descriptor = unless(['ENOENT', 'ENOTDIR', 'ELOOP'], () =>
    openSync(from, O_PATH | constants.O_NOFOLLOW),
  );
  if (descriptor === undefined) return undefined;
  const stat = fstatSync(descriptor, { bigint: true });
  if (stat.isFile() && String(stat.ino) === expected.ino) return descriptor;
  closeSync(descriptor);
  return undefined;
}

/** One process for all; where something is refused, halves find out for which files. @throws NoGnuCpError */
async function keepOfOpened(links: Links, opened: readonly Opened[]): Promise<string[]> {
  if (opened.length === 0) return [];
  const before = opened.map(({ to }) => contentStamp(to));
  // Links that are left over lead to the first pair once more.
  const pairs = Array.from({ length: links.count }, (_, n) => opened[n] ?? opened[0]!);
  const descriptors = pairs.flatMap(({ from, to }) => [from, to]);
  const refused = await copyAttributes(links.dir, descriptors);
  if (opened.some(({ to }, n) => contentStamp(to) !== before[n]))
    throw new Error('cp --attributes-only changed the content of a file');
  if (refused === undefined) return [];
  if (opened.length === 1) return [`${opened[0]!.path} ${lossOf(refused)}`];
  const middle = Math.ceil(opened.length / 2);
  const first = await keepOfOpened(links, opened.slice(0, middle));
  return [...first, ...(await keepOfOpened(links, opened.slice(middle)))];
}

function contentStamp(descriptor: number): string {
  const { size, mtimeNs } = fstatSync(descriptor, { bigint: true });
  return `${size} ${mtimeNs}`;
}

/** Gives what cp complained of, if it did. */
async function copyAttributes(dir: string, descriptors: readonly number[]): Promise<string | undefined> {
  const args = ['-rLT', '--attributes-only', '--preserve=mode,xattr', '--', `${dir}/from`, `${dir}/to`];
  const { ok, notStarted, stderr } = await run('cp', args, { fds: { more: descriptors } });
  if (ok) return undefined;
  if (hasCode(notStarted, 'ENOENT')) throw new NoGnuCpError();
  // The machine's own failure (no more processes): nothing is merged for the sake of going on.
  if (notStarted !== undefined) throw notStarted;
  // What another cp says to options that it does not know.
  if (/unrecognized option|(illegal|invalid|unknown) option|usage:/i.test(stderr)) throw new NoGnuCpError();
  return stderr;
}

/** What is lost and what the system said; cp names our links, which mean nothing to people. */
function lossOf(stderr: string): string {
  const line = stderr.split('\n')[0]!;
  const attribute = /attribute '([^']+)'/.exec(line)?.[1];
  const why = line.split(': ').at(-1) || 'cp failed';
  return attribute === undefined
    ? `may have lost extended attributes, an ACL or capabilities (${why})`
    : `lost its attribute ${attribute} (${why})`;
}
