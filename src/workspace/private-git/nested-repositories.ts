import { type Dirent, lstatSync, readdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { unlessOutOfReach } from '../../util/errors.js';
import { gitIfThere } from '../../util/git/git.js';
import { decodeName, decodeNames, encodePath, foldersAbove } from '../../util/paths/path.js';

/** How deep folders are looked into that git does not list: below the top, below an ignored folder, below a nested repository. */
const DEPTH = 4;

/**
 * The folders below `top` that have a `.git` of their own. Where git knows the tree it is asked (submodules, folders of
 * tracked files, untracked repositories, at any depth); besides, the top, ignored folders and what was found are walked
 * four folders deep, folders called node_modules left out. What a link leads to is not in the tree. Names as `decodeName` gives them.
 */
export async function nestedRepositories(top: string, hasGit: boolean): Promise<string[]> {
  const found = new Set<string>();
  const walks = [top];
  if (hasGit) {
    const [links, untracked, ignored] = await Promise.all([
      list(top, ['-s']),
      list(top, ['-o', '--exclude-standard']),
      list(top, ['-o', '-i', '--exclude-standard', '--directory']),
    ]);
    const tracked = links.map((line) => line.slice(line.indexOf('\t') + 1));
    for (const [index, path] of tracked.entries())
      if (links[index]!.startsWith('160000 ')) found.add(join(top, path));
    // git lists what it tracks in a folder, not that the folder has become a repository since.
    for (const folder of foldersAbove(tracked))
      if (hasDotGit(join(top, folder))) found.add(join(top, folder));
    for (const path of untracked) if (path.endsWith('/')) found.add(join(top, path.slice(0, -1)));
    for (const path of ignored) if (path.endsWith('/')) walks.push(join(top, path.slice(0, -1)));
  }
  // Where git tracks something there may be a link instead by now, or above it.
  for (const folder of found) if (!isRealFolder(folder)) found.delete(folder);
  walks.push(...found);
  for (const folder of walks) walk(folder, DEPTH, found);
  found.delete(top);
  return [...found].filter(hasDotGit).sort();
}

async function list(top: string, options: readonly string[]): Promise<string[]> {
  const answer = await gitIfThere(top, ['ls-files', '-z', ...options]);
  // Without git, or with an index that git can't read, the walk is what there is.
  return answer?.code === 0 ? decodeNames(answer.stdout) : [];
}

function walk(folder: string, depth: number, found: Set<string>): void {
  if (/(?:^|\/)node_modules$/.test(folder)) return;
  for (const entry of entries(folder)) {
    const name = decodeName(entry.name);
    if (name === '.git') found.add(folder);
    else if (depth > 0 && entry.isDirectory() && name !== 'node_modules' && name !== '.forge')
      walk(join(folder, name), depth - 1, found);
  }
}

function entries(folder: string): Dirent<Buffer>[] {
  const options = { withFileTypes: true, encoding: 'buffer' } as const;
  // Where no command of this user's gets either, there is none.
  const found = unlessOutOfReach(() => readdirSync(encodePath(folder), options)) ?? [];
  return found as unknown as Dirent<Buffer>[];
}

function isRealFolder(folder: string): boolean {
  const real = unlessOutOfReach(() => realpathSync(encodePath(folder), { encoding: 'buffer' }));
  return real !== undefined && decodeName(real as unknown as Buffer) === folder;
}

function hasDotGit(folder: string): boolean {
  const dotGit = encodePath(join(folder, '.git'));
  return unlessOutOfReach(() => lstatSync(dotGit, { throwIfNoEntry: false })) !== undefined;
}
