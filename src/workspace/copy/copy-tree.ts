import {
  chmodSync,
  constants,
  copyFileSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  statSync,
  symlinkSync,
  utimesSync,
} from 'node:fs';
import { availableParallelism } from 'node:os';
import { relative, sep } from 'node:path';
import { decodeName, encodeNames, encodePath } from '../../util/paths/path.js';
import { run } from '../../util/process/run-program.js';
import { WorkspaceError } from '../failure.js';
import type { Place } from './copy-manifest.js';

/** `always` = reflinks or failure; `never` = plain copies. */
export type Reflink = 'always' | 'never';

/**
 * Copies what is in a folder into another (made already), with modes, times and links; at the top only what `isWanted`.
 * Nothing is hard-linked to the original. On Linux by `cp -a`, over the cores by top-level entry,
 * the fastest safe way measured; elsewhere file by file. An entry that vanishes meanwhile is left out: the tree is alive.
 * @throws WorkspaceError with what the first complaint was
 */
export async function copyTree(
  from: string,
  to: string,
  reflink: Reflink,
  isWanted: (name: string) => boolean = () => true,
): Promise<void> {
  const names = namesIn(from).filter(isWanted);
  if (names.length === 0) return;
  if (process.platform !== 'linux') {
    for (const name of names) copyEntry(`${from}/${name}`, `${to}/${name}`, reflink);
    return;
  }
  const cores = availableParallelism();
  const batch = Math.max(1, Math.ceil(names.length / (cores * 8)));
  // xargs takes names as bytes, which an argument list from Node cannot. As in an overlay, a changed name gets a file of
  // its own.
  const cp = ['cp', '-a', '--no-preserve=links', `--reflink=${reflink}`, '-t', to, '--'];
  const outcome = await run('xargs', ['-0', '-r', '-P', String(cores), '-n', String(batch), ...cp], {
    cwd: from,
    input: encodeNames(names),
    // Long, and of no use once the run is interrupted.
    interruptible: true,
  });
  if (outcome.ok) return;
  const complaints = outcome.stderr
    .split('\n')
    .filter((line) => !line.endsWith(': No such file or directory'));
  if (outcome.exitCode === 123 && complaints.length === 0) return;
  const full = complaints.some((line) => line.includes('No space left on device'));
  throw new WorkspaceError(
    `cannot copy ${from} to ${to}: ${complaints[0] ?? outcome.stderr}${full ? '; free some space there, or point FORGE_STATE_DIR at a folder on another disk' : ''}`,
  );
}

/**
 * Copies a whole tree (`from`), in which root lies or which is root; every `.forge` from the tree's top down to root's own
 * is left out, as it may be large and is nobody's. `to` is made.
 */
export async function copyAround(root: string, { from, to }: Place, reflink: Reflink): Promise<void> {
  const segments = relative(from, root)
    .split(sep)
    .filter((segment) => segment !== '');
  let [here, there] = [from, to];
  for (let depth = 0; ; depth += 1) {
    mkdirSync(there);
    const next = segments[depth];
    await copyTree(here, there, reflink, (name) => name !== '.forge' && name !== next);
    chmodSync(there, statSync(here).mode & 0o7777);
    if (next === undefined) return;
    [here, there] = [`${here}/${next}`, `${there}/${next}`];
  }
}

function namesIn(folder: string): string[] {
  return readdirSync(encodePath(folder), { encoding: 'buffer' }).map(decodeName);
}

function copyEntry(from: string, to: string, reflink: Reflink): void {
  const [source, target] = [encodePath(from), encodePath(to)];
  const stats = lstatSync(source);
  if (stats.isDirectory()) {
    mkdirSync(target);
    for (const name of namesIn(from)) copyEntry(`${from}/${name}`, `${to}/${name}`, reflink);
  } else if (stats.isFile())
    copyFileSync(source, target, reflink === 'always' ? constants.COPYFILE_FICLONE_FORCE : 0);
  else {
    if (stats.isSymbolicLink()) symlinkSync(readlinkSync(source, { encoding: 'buffer' }), target);
    return;
  }
  chmodSync(target, stats.mode & 0o7777);
  // Without the times, incremental builds in the copy would start over.
  utimesSync(target, stats.atime, stats.mtime);
}
