import {
  type BigIntStats,
  chmodSync,
  lstatSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { isAbsolute, join, posix, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { yieldToEventLoop } from '../../util/async/yield-to-event-loop.js';
import { codeOf } from '../../util/errors.js';
import { type FileState, fileState, isUnchanged } from '../../util/files/file-state.js';
import { below, decodeName, encodePath, isWithin, parentOf } from '../../util/paths/path.js';
import type { Collector } from '../changeset/collector.js';
import { type DiskTree, type PathState, withOwnTree } from '../changeset/disk-tree.js';

/** Longer than a tick of the clock that file systems stamp with (10 ms at 100 Hz). */
const TICK_MS = 12;

/** A tree and its copy. */
export interface Place {
  from: string;
  to: string;
}

/** Where a path of the tree is in its copy. */
export function inCopy(path: string, { from, to }: Place): string {
  return join(to, relative(from, path));
}

/** The state of a copied tree (or of a part of it) right after it was made. */
export class CopyManifest {
  readonly #states = new Map<string, FileState>();
  /** Of links: the target that each has in the working tree, and the one that it was given in the copy. */
  readonly #targets = new Map<string, { original: string; now: string }>();
  readonly copy: string;
  readonly #except: string | undefined;

  /** `place` is the whole of what was copied: links in the part that lead there lead to the copy. `except` is a folder of the part that is left out. */
  constructor(
    readonly root: string,
    readonly place: Place,
    except?: string,
  ) {
    this.copy = inCopy(root, place);
    this.#except = except === undefined ? undefined : relative(root, except);
  }

  /** Walks a fresh copy: keeps the state of every path, and turns links that lead back into the working tree to the copy. */
  async take(): Promise<void> {
    await withOwnTree(this.copy, async (tree) => {
      const pause = yieldToEventLoop();
      this.#turnGitFile(tree, '');
      for (const [path, stats] of this.#paths(tree)) {
        await pause();
        if (stats.isDirectory()) this.#turnGitFile(tree, path);
        const isLink = stats.isSymbolicLink();
        this.#states.set(path, isLink ? this.#turnLink(tree, path) : stateOf(tree, path, stats));
      }
    });
    // A change within the same tick of the clock would leave all times as they are.
    await sleep(TICK_MS);
  }

  /** Checks every path that may have changed since. */
  async scan(collector: Collector): Promise<void> {
    const { now } = collector.options;
    const pause = yieldToEventLoop();
    const gone = new Set(this.#states.keys());
    for (const [path, stats] of this.#paths(now, (folder) => !collector.isSettled(folder))) {
      await pause();
      gone.delete(path);
      if (collector.isSettled(path)) continue;
      if (!isUnchanged(this.#states.get(path) ?? null, stateOf(now, path, stats)))
        await collector.check(path);
    }
    for (const path of gone) await collector.check(path);
  }

  /** Every path of the part, a folder before what is in it, which is left out unless it `isEntered`. */
  *#paths(tree: DiskTree, isEntered = (_folder: string) => true): Generator<[string, BigIntStats]> {
    const folders = [''];
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      for (const name of tree.children(folder)) {
        const path = below(folder, name);
        const stats = path === this.#except ? undefined : tree.stat(path);
        if (stats === undefined) continue;
        yield [path, stats];
        if (stats.isDirectory() && isEntered(path)) folders.push(path);
      }
    }
  }

  /** What a link's target in the copy stands for in the working tree. */
  translate(path: string, target: string): string {
    const known = this.#targets.get(path);
    return known?.now === target ? known.original : targetInRoot(this.place.from, this.place.to, target);
  }

  /**
   * What a path was in the copy at first. A collector asks only about paths whose state differs, so that the task did
   * something to them. Content is where `origin` says. Where the user has edited root since, that is the edit: what the
   * copy had at first can't be told any more, so whatever is not equal to root now counts as the task's change.
   */
  async before(path: string, origin: (path: string) => Promise<PathState>): Promise<PathState> {
    const { kind, mode, size } = this.#states.get(path) ?? { kind: 'absent', mode: 0, size: 0 };
    if (kind === 'symlink') return { kind, target: this.#targets.get(path)?.original };
    if (kind !== 'file') return { kind, mode };
    const state = await origin(path);
    if (state.kind !== 'file') return { kind, mode, size, content: 'unknown' };
    return { kind, mode, size: state.size ?? size, content: state.content };
  }

  #turnLink(tree: DiskTree, path: string): FileState {
    const original = tree.readLink(path);
    const { from, to } = this.place;
    const turned = targetInCopy(from, to, relative(from, `${this.root}/${path}`), original);
    this.#targets.set(path, { original, now: turned ?? original });
    if (turned !== undefined)
      withWriteAccess(tree.absolute(parentOf(path)), () => {
        unlinkSync(tree.absolute(path));
        symlinkSync(encodePath(turned), tree.absolute(path));
      });
    return stateOf(tree, path, lstatSync(tree.absolute(path), { bigint: true }));
  }

  /** A nested repository whose `.git` is a file may name its git folder by an absolute path in the working tree. */
  #turnGitFile(tree: DiskTree, folder: string): void {
    const dotGit = below(folder, '.git');
    if (!(tree.stat(dotGit)?.isFile() ?? false)) return;
    const text = tree.reading(dotGit, () => readFileSync(tree.absolute(dotGit), 'utf8'));
    const target = /^gitdir: (\/.+?)[\r\n]*$/s.exec(text)?.[1];
    const turned =
      target === undefined ? undefined : targetInCopy(this.place.from, this.place.to, '.git', target);
    if (turned !== undefined) writeFileSync(tree.absolute(dotGit), `gitdir: ${turned}\n`);
  }
}

/** Does something in a folder of the copy, even where it forbids that to its owner (mode 555). */
function withWriteAccess(folder: string | Buffer, act: () => void): void {
  try {
    act();
  } catch (error) {
    if (codeOf(error) !== 'EACCES') throw error;
    const { mode } = lstatSync(folder);
    chmodSync(folder, (mode & 0o7777) | 0o700);
    act();
    chmodSync(folder, mode & 0o7777);
  }
}

/** With the mode that it has when nothing is lent. Where a link leads is not looked at: its times say whether it was made anew. */
function stateOf(tree: DiskTree, path: string, stats: BigIntStats): FileState {
  const state = fileState(stats);
  state.mode = tree.modeOf(path, stats);
  return state;
}

/**
 * The target that a link of the working tree (path relative to root, target as stored) needs in a copy of the tree at
 * `copy`, or undefined where the same one does. A link must not lead a write back into the working tree, and a relative
 * link that leaves the tree must still lead where it led.
 */
function targetInCopy(root: string, copy: string, path: string, target: string): string | undefined {
  const lexical = posix.normalize(posix.join(posix.dirname(path), target));
  if (!isAbsolute(target) && lexical !== '..' && !lexical.startsWith('../')) return undefined;
  const absolute = isAbsolute(target) ? target : posix.resolve(root, posix.dirname(path), target);
  for (const place of [posix.normalize(absolute), realPath(absolute)]) {
    if (place !== undefined && isWithin(place, root)) return copy + place.slice(root.length);
  }
  return isAbsolute(target) ? undefined : absolute;
}

/** What an absolute link target in a copy stands for in the working tree; others stand for themselves. */
function targetInRoot(root: string, copy: string, target: string): string {
  return isAbsolute(target) && isWithin(target, copy) ? root + target.slice(copy.length) : target;
}

function realPath(path: string): string | undefined {
  try {
    return decodeName(realpathSync(encodePath(path), { encoding: 'buffer' }) as unknown as Buffer);
  } catch (error) {
    // A dangling link: where its folder really is decides.
    if (codeOf(error) !== 'ENOENT' || path === '/') return undefined;
    const folder = realPath(posix.dirname(path));
    return folder === undefined ? undefined : posix.join(folder, posix.basename(path));
  }
}
