import { isUtf8 } from 'node:buffer';
import { lstatSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { unlessOutOfReach } from '../../util/errors.js';
import { isTrusted } from '../../util/git/git.js';
import { encodePath, isReservedPath, isWithin } from '../../util/paths/path.js';
import { UncoverableError } from '../failure.js';
import { secondPaths } from '../sandbox/second-paths.js';
import { linksOutOf } from './git-links.js';
import { nestedRepositories } from './nested-repositories.js';
import { otherWorktrees, type Worktree, worktreeAround, worktreeAt } from './worktrees.js';

/** What a private view of root has to cover, so that no git command in it reaches anything real. */
export interface Covered {
  root: string;
  /** Top folder of root's repository; root itself where there is none. */
  top: string;
  /** Worktrees whose git folder is not simply in them: root's own with a `.git` that is none, and those in the tree whose git folder lies outside it. */
  linked: readonly Worktree[];
  /** Git folders outside `top`, of root's repository and of nested ones, and folders that links in them lead to; none lies in another. */
  gitFolders: readonly string[];
  /** Git folders inside `top`. */
  inTree: readonly string[];
  /** Links in git folders to files outside, which a mount can't cover. */
  fileLinks: readonly string[];
  /** Other ways to what is real, which tasks see read-only: other worktrees of root's repository, and `top` at a second path. */
  others: readonly string[];
  /** The repository is another user's, and this one has told git to trust it (`safe.directory`): a copy is to be trusted, too. */
  isTrustedStranger: boolean;
}

/**
 * Found out once, when the backend is chosen: looking for nested repositories takes git and a walk.
 * @throws UncoverableError where a git folder can't be covered
 */
export async function findCovered(root: string): Promise<Covered> {
  const git = await worktreeAround(root);
  const top = git?.top ?? root;
  const isPlain = git?.gitDir === join(top, '.git') && git.commonDir === git.gitDir;
  const linked = git === undefined || isPlain ? [] : [git];
  /** Places that git keeps things in, and whose. */
  const found = new Map<string, string>();
  const add = (folder: string, place: string) => {
    if (!found.has(place)) found.set(place, folder);
  };
  if (git !== undefined) for (const place of [git.commonDir, git.gitDir]) add(top, place);
  for (let folder = root; ; folder = dirname(folder)) {
    mustBeUtf8(folder);
    if (folder === git?.top || folder === dirname(folder)) break;
  }
  for (const folder of await nestedRepositories(top, git !== undefined)) {
    mustBeUtf8(folder);
    const at = worktreeAt(folder);
    if (at === undefined) continue;
    for (const place of [at.commonDir, at.gitDir]) add(folder, place);
    if (![at.commonDir, at.gitDir].every((place) => isWithin(place, top))) linked.push(at);
  }
  /** By what they lead to. */
  const fileLinks = new Map<string, string>();
  // What links lead to is looked at as well, as it is added.
  for (const [place, folder] of found) {
    // A worktree may lie in its bare repository.
    const isOwn = place === git?.gitDir || place === git?.commonDir;
    if (!(isOwn && isWithin(top, place))) mustBeCoverable(place, folder, top);
    for (const { path, target, kind } of linksOutOf(place)) {
      if (kind === 'folder' && !isWithin(target, top)) add(folder, target);
      if (kind === 'file') fileLinks.set(target, `${join(place, path)} is a link to ${target}`);
    }
  }
  const places = [...found.keys()].sort();
  for (const target of fileLinks.keys())
    if ([top, ...places].some((place) => isWithin(target, place))) fileLinks.delete(target);
  const outside = places.filter((place) => !isWithin(place, top));
  const gitFolders = outside.filter(
    (folder) => !outside.some((other) => other !== folder && isWithin(folder, other)),
  );
  const inTree = places.filter((place) => isWithin(place, top));
  const others = [...(git === undefined ? [] : otherWorktrees(git, top)), ...secondPaths(top)];
  const isTrustedStranger =
    git !== undefined && statSync(top).uid !== process.geteuid?.() && (await isTrusted(top));
  return {
    root,
    top,
    linked,
    gitFolders,
    inTree,
    fileLinks: [...fileLinks.values()],
    others,
    isTrustedStranger,
  };
}

/**
 * Mounts and git's own answers are text here.
 * @throws UncoverableError where the git folder of a worktree lies elsewhere, and a name is not UTF-8
 */
function mustBeUtf8(folder: string): void {
  const dotGit = encodePath(join(folder, '.git'));
  const leads = whereItLeads(dotGit);
  if (leads === undefined || (typeof dotGit === 'string' && isUtf8(leads))) return;
  throw new UncoverableError(
    `${JSON.stringify(dotGit.toString())} leads to a git folder elsewhere, and a name on the way is not UTF-8: a view can't cover that`,
  );
}

/** What a `.git` that is a file or a link says; undefined for any other, and one that this user can't read or is a stranger's: to git, too, that is none. */
function whereItLeads(dotGit: string | Buffer): Buffer | undefined {
  return unlessOutOfReach(() => {
    const stats = lstatSync(dotGit);
    const uid = process.geteuid?.();
    if (uid !== undefined && stats.uid !== uid && stats.uid !== 0) return undefined;
    if (stats.isSymbolicLink()) return readlinkSync(dotGit, 'buffer') as Buffer;
    return stats.isFile() ? readFileSync(dotGit) : undefined;
  });
}

/** @throws UncoverableError where the view can't keep a place of git's apart from the files of the tree */
function mustBeCoverable(place: string, folder: string, top: string): void {
  if (!isWithin(place, top)) {
    if (!isWithin(top, place)) return;
    throw new UncoverableError(
      `the git folder of ${folder} is ${place}, which holds the working tree itself; remove ${folder}/.git`,
    );
  }
  if (!isReservedPath(relative(top, place)))
    throw new UncoverableError(
      `the git folder of ${folder} is ${place}, which lies in the tree under another name than .git: what tasks do there would be merged like ordinary files. Move it out of the tree, or run forge in a worktree of it`,
    );
}
