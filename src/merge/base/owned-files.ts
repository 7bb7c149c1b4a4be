import { readdirSync } from 'node:fs';
import { yieldToEventLoop } from '../../util/async/yield-to-event-loop.js';
import { unlessOutOfReach } from '../../util/errors.js';
import { isUnchanged, lstatOrNull, TreeReader } from '../../util/files/file-state.js';
import { git, gitPath, isTrusted, repositoryPrefix } from '../../util/git/git.js';
import { below, decodeName, decodeNames, isReservedPath, joinRoot } from '../../util/paths/path.js';

/** The paths of a tree that tasks may write, as they are now. */
export interface OwnedFiles {
  /** Owned paths that are not ignored by git; the value is git's blob when the file is tracked and git holds it unchanged. */
  files: Map<string, string | undefined>;
  /** Paths that git ignores (a folder ends in `/`): what is there, or below, is not listed in `files`. */
  opaque: string[];
}

type Owned = (path: string) => boolean;

/**
 * The existing owned files and symlinks below root (absolute real path). In a repository it asks git, whose cost is one
 * `git status` (in one that git does not trust, and in nested ones, none: it would run their filters; then no blob is
 * used); elsewhere it walks.
 */
export async function listOwned(root: string, owned: Owned): Promise<OwnedFiles> {
  const found: OwnedFiles = { files: new Map(), opaque: [] };
  const prefix = await repositoryPrefix(root);
  const isListed =
    prefix !== undefined && (await listByGit(root, prefix, await isTrusted(root), owned, found));
  if (!isListed) await walk(root, owned, found);
  return found;
}

/** What git says of a tree, paths relative to root; folders end in `/`. */
interface Listing {
  ignored: string[];
  untracked: string[];
  /** Whether the working tree has what the index has, as far as git knows. */
  isClean: (path: string) => boolean;
}

/** Fills `found` from git. Gives false when git ignores root itself, or can't tell: then the caller walks. */
async function listByGit(
  root: string,
  prefix: string,
  trusted: boolean,
  owned: Owned,
  found: OwnedFiles,
): Promise<boolean> {
  // Looked at before git is asked anything: what it lists and what it calls clean must be of one index.
  const index = trusted ? await gitPath(root, 'index') : undefined;
  const before = index === undefined ? null : lstatOrNull(index);
  const tracked = await git(root, ['ls-files', '-s', '-v', '-z']);
  const listing = await (trusted ? askStatus(root, prefix) : listUntrusted(root, prefix));
  if (tracked.code !== 0 || listing === undefined) return false;
  const isStable = index !== undefined && isUnchanged(before, lstatOrNull(index));
  for (const path of listing.ignored) if (path.endsWith('/') || owned(path)) found.opaque.push(path);
  const nested: string[] = [];
  for (const path of listing.untracked) {
    if (path.endsWith('/')) nested.push(path.slice(0, -1));
    else if (!isReservedPath(path) && owned(path)) found.files.set(path, undefined);
  }
  for (const record of decodeNames(tracked.stdout)) {
    const tab = record.indexOf('\t');
    const [tag, mode, oid, stage] = record.slice(0, tab).split(' ');
    const path = record.slice(tab + 1);
    if (mode === '160000') nested.push(path);
    else if (!isReservedPath(path) && owned(path)) {
      const clean = isStable && tag === 'H' && stage === '0' && mode !== '120000' && listing.isClean(path);
      found.files.set(path, clean ? oid : undefined);
    }
  }
  for (const folder of nested) if (!isReservedPath(folder)) await listNested(root, folder, owned, found);
  return true;
}

/** One `git status`; undefined where git ignores root, or can't tell. */
async function askStatus(root: string, prefix: string): Promise<Listing | undefined> {
  const status = await git(root, [
    ...['status', '--porcelain=v1', '-z', '--no-renames', '--ignore-submodules=all'],
    ...['--untracked-files=all', '--ignored=matching', '--', '.'],
  ]);
  if (status.code !== 0) return undefined;

  const dirty = new Set<string>();
  const untracked: string[] = [];
  const ignored: string[] = [];
  for (const record of decodeNames(status.stdout)) {
    const full = record.slice(3);
    if (record.startsWith('!! ') && prefix.startsWith(full)) return undefined;
    if (!full.startsWith(prefix)) continue;
    const path = full.slice(prefix.length);
    if (record.startsWith('!! ')) ignored.push(path);
    else if (record.startsWith('?? ')) untracked.push(path);
    else if (record[1] !== ' ') dirty.add(path);
  }
  return { ignored, untracked, isClean: (path) => !dirty.has(path) };
}

/** The same by commands that compare no content, and so run no filter: nothing counts as clean. */
async function listUntrusted(root: string, prefix: string): Promise<Listing | undefined> {
  if (prefix !== '' && (await git(root, ['check-ignore', '-q', '--', '.'])).code === 0) return undefined;
  const list = async (...options: string[]) => {
    const { code, stdout } = await git(root, ['ls-files', '-z', '-o', '--exclude-standard', ...options]);
    return code === 0 ? decodeNames(stdout) : undefined;
  };
  const [untracked, ignored] = [await list(), await list('-i', '--directory')];
  return untracked && ignored && { untracked, ignored, isClean: () => false };
}

/** A repository in the tree (a submodule, a clone): git looks into it on its own, its blobs are not used. */
async function listNested(root: string, folder: string, owned: Owned, found: OwnedFiles): Promise<void> {
  const at = `${root}/${folder}`;
  const kind = new TreeReader(root).lstatNoFollow(folder)?.kind;
  if (kind !== 'directory') {
    // Where the index has a submodule there may be a file or a link by now, or nothing.
    if (kind !== undefined && owned(folder)) found.files.set(folder, undefined);
    return;
  }
  if ((await repositoryPrefix(at)) !== '') return;
  const inner: OwnedFiles = { files: new Map(), opaque: [] };
  await listByGit(at, '', false, (path) => owned(`${folder}/${path}`), inner);
  for (const path of inner.files.keys()) found.files.set(`${folder}/${path}`, undefined);
  for (const path of inner.opaque) found.opaque.push(`${folder}/${path}`);
}

async function walk(root: string, owned: Owned, found: OwnedFiles): Promise<void> {
  const pause = yieldToEventLoop();
  const folders = [''];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    await pause();
    // A folder that this user can't read, or that has just gone, holds nothing that could be kept.
    const list = () => readdirSync(joinRoot(root, folder), { withFileTypes: true, encoding: 'buffer' });
    for (const entry of unlessOutOfReach(list) ?? []) {
      const path = below(folder, decodeName(entry.name as unknown as Buffer));
      if (isReservedPath(path)) continue;
      if (entry.isDirectory()) folders.push(path);
      else if (owned(path)) found.files.set(path, undefined);
    }
  }
}
