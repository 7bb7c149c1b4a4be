import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { unlessGone } from '../../util/errors.js';
import { removeFile } from '../../util/files/remove-tree.js';
import { setGitConfig } from '../../util/git/git.js';
import { isWithin } from '../../util/paths/path.js';
import { inCopy, type Place } from '../copy/copy-manifest.js';
import { copyTree, type Reflink } from '../copy/copy-tree.js';
import { removeOwnTree } from '../scratch/remove-own-tree.js';
import { linksOutOf } from './git-links.js';

/**
 * Makes a git folder that was copied with the tree around it one that leads to nothing real: links out of it become what
 * they lead to, and paths of the tree that are written in it become those of the copy.
 *
 * @param original the git folder in `place.from`; `place.to` is a real path
 */
export async function settleCopiedGit(original: string, place: Place, reflink: Reflink): Promise<void> {
  const copy = inCopy(original, place);
  if (!existsSync(copy)) return;
  await ownLinks(original, copy, reflink, place);
  absoluteAlternates(original, copy, place);
  await ownWorktrees(original, copy, place);
  for (const name of ['config', 'config.worktree']) await ownWorktreeSetting(join(copy, name), place);
}

/**
 * In the copy of a git folder, puts in the place of each link that leads out of it what that leads to, or, with `place`,
 * leads it to the copy of what it leads to there.
 */
export async function ownLinks(
  original: string,
  copy: string,
  reflink: Reflink,
  place?: Place,
): Promise<void> {
  for (const { path, target, kind } of linksOutOf(original)) {
    const at = join(copy, path);
    if (!existsSync(dirname(at))) continue;
    removeFile(at);
    if (place !== undefined && isWithin(target, place.from)) symlinkSync(inCopy(target, place), at);
    else if (kind === 'file') unlessGone(() => copyFileSync(target, at));
    else if (kind === 'folder') {
      mkdirSync(at);
      await copyTree(target, at, reflink);
      await ownLinks(target, at, reflink, place);
    }
  }
}

/** Where git looks for more objects (gitrepository-layout(5)): what is told relative to the git folder is told in full, where it is not in the copy. */
export function absoluteAlternates(original: string, copy: string, place?: Place): void {
  const file = join(copy, 'objects/info/alternates');
  const text = unlessGone(() => readFileSync(file, 'latin1'));
  if (text === undefined) return;
  const lines = text.split('\n').map((line) => {
    if (line === '' || line.startsWith('#') || isAbsolute(line)) return line;
    const real = resolve(original, 'objects', line);
    return place !== undefined && isWithin(real, place.from) ? line : real;
  });
  if (lines.join('\n') === text) return;
  removeFile(file);
  writeFileSync(file, lines.join('\n'), 'latin1');
}

/** The records of worktrees that are in the copy lead to those; those of others go, as git could move or remove them. */
async function ownWorktrees(original: string, copy: string, place: Place): Promise<void> {
  for (const name of unlessGone(() => readdirSync(join(copy, 'worktrees'))) ?? []) {
    const record = join(copy, 'worktrees', name);
    const file = join(record, 'gitdir');
    const text = unlessGone(() => readFileSync(file, 'utf8'))?.trim();
    if (text === undefined) continue;
    const real = resolve(original, 'worktrees', name, text);
    if (!isWithin(real, place.from)) await removeOwnTree(record);
    else if (isAbsolute(text)) {
      removeFile(file);
      writeFileSync(file, `${inCopy(real, place)}\n`);
    }
  }
}

/** `core.worktree` as a path in full, which names the real tree. */
async function ownWorktreeSetting(config: string, place: Place): Promise<void> {
  const text = unlessGone(() => readFileSync(config, 'latin1'));
  const [, told] = /^\s*worktree\s*=\s*"?(\/[^\n"]*)/im.exec(text ?? '') ?? [];
  if (told !== undefined && isWithin(told, place.from))
    await setGitConfig(config, 'core.worktree', inCopy(told, place));
}
