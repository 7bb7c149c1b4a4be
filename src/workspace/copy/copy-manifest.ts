import {
  type BigIntStats,
  chmodSync,
  lstatSync,
  readFileSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Breather } from '../../util/async/breathe.js';
import { codeOf } from '../../util/errors/system-error.js';
import { encodePath } from '../../util/paths/path-bytes.js';
import { below, parentOf } from '../../util/paths/relative-path.js';
import type { Collector, Start } from '../changeset/collector.js';
import { DiskTree } from '../changeset/disk-tree.js';
import type { PathState } from '../changeset/path-state.js';
import type { StartView } from '../changeset/start-view.js';
import { targetInCopy, targetInRoot } from './copy-links.js';

/** Longer than a tick of the clock that file systems stamp with (10 ms at 100 Hz). */
const TICK_MS = 12;

/** What was noted of one path: enough to see that it may have changed. */
interface Note {
  kind: 'file' | 'symlink' | 'directory' | 'special';
  mode: number;
  size: number;
  mtimeNs: bigint;
  ctimeNs: bigint;
  ino: bigint;
  /** Of a link: the target that it has in the working tree, and the one that it was given in the copy. */
  target?: { original: string; now: string };
}

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
  readonly #notes = new Map<string, Note>();
  readonly #except: string | undefined;

  /** `place` is the whole of what was copied: links in the part that lead there lead to the copy. `except` is a folder of the part that is left out. */
  constructor(
    readonly root: string,
    readonly copy: string,
    readonly place: Place,
    except?: string,
  ) {
    this.#except = except === undefined ? undefined : relative(root, except);
  }

  /** Walks a fresh copy: notes every path, and turns links that lead back into the working tree to the copy. */
  async take(): Promise<void> {
    const tree = new DiskTree(this.copy, { own: true });
    try {
      await this.#walk(tree);
    } finally {
      tree.relock();
    }
    // A change within the same tick of the clock would leave all times as they are.
    await pause(TICK_MS);
  }

  async #walk(tree: DiskTree): Promise<void> {
    const breather = new Breather();
    const folders = [''];
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      this.#turnGitFile(tree, folder);
      for (const name of tree.children(folder)) {
        if (breather.isDue) await breather.breathe();
        const path = below(folder, name);
        const stats = tree.stat(path);
        if (stats === undefined || path === this.#except) continue;
        if (stats.isDirectory()) folders.push(path);
        this.#notes.set(
          path,
          stats.isSymbolicLink() ? this.#turnLink(tree, path, stats) : note(stats, tree.modeOf(path, stats)),
        );
      }
    }
  }

  /** Checks every path that may have changed since. */
  async scan(now: DiskTree, collector: Pick<Collector, 'check' | 'isSettled'>): Promise<void> {
    const breather = new Breather();
    const gone = new Set(this.#notes.keys());
    const folders = [''];
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      for (const name of now.children(folder)) {
        if (breather.isDue) await breather.breathe();
        const path = below(folder, name);
        const stats = now.stat(path);
        if (stats === undefined || path === this.#except) continue;
        gone.delete(path);
        if (collector.isSettled(path)) continue;
        if (stats.isDirectory()) folders.push(path);
        if (!isSame(this.#notes.get(path), note(stats, now.modeOf(path, stats)))) await collector.check(path);
      }
    }
    for (const path of gone) await collector.check(path);
  }

  /** What a link's target in the copy stands for in the working tree. */
  translate(path: string, target: string): string {
    const noted = this.#notes.get(path)?.target;
    return noted?.now === target ? noted.original : targetInRoot(this.place.from, this.place.to, target);
  }

  /**
   * This manifest as what a collector compares with. It is asked only about paths whose notes differ, so that the task
   * did something to them. Content is where `view` has it. Where the user has edited root since, that is the edit: what
   * the copy had at first can't be told any more, so whatever is not equal to root now counts as the task's change.
   */
  asStart(view: StartView): Start {
    const state = async (path: string): Promise<PathState> => {
      const noted = this.#notes.get(path);
      if (noted === undefined) return { kind: 'absent' };
      switch (noted.kind) {
        case 'special':
          return { kind: 'special' };
        case 'directory':
          return { kind: 'directory', mode: noted.mode };
        case 'symlink':
          return { kind: 'symlink', target: noted.target?.original };
        case 'file': {
          const origin = await view.state(path);
          const { mode, size } = noted;
          if (origin.kind !== 'file') return { kind: 'file', mode, size, content: 'unknown' };
          return { kind: 'file', mode, size: origin.size ?? size, content: origin.content };
        }
        default:
          return noted.kind satisfies never;
      }
    };
    return { state, children: () => [] };
  }

  #turnLink(tree: DiskTree, path: string, stats: BigIntStats): Note {
    const stored = tree.readLink(path);
    const { from, to } = this.place;
    const turned = targetInCopy(from, to, relative(from, `${this.root}/${path}`), stored);
    const target = { original: stored, now: turned ?? stored };
    if (turned === undefined) return { ...note(stats), target };
    insisting(encodePath(`${this.copy}/${parentOf(path)}`), () => {
      unlinkSync(tree.absolute(path));
      symlinkSync(encodePath(turned), tree.absolute(path));
    });
    return { ...note(lstatSync(tree.absolute(path), { bigint: true })), target };
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
function insisting(folder: string | Buffer, act: () => void): void {
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

function note(stats: BigIntStats, mode = Number(stats.mode & 0o7777n)): Note {
  const kind = stats.isFile()
    ? 'file'
    : stats.isDirectory()
      ? 'directory'
      : stats.isSymbolicLink()
        ? 'symlink'
        : 'special';
  const { size, mtimeNs, ctimeNs, ino } = stats;
  return { kind, mode, size: Number(size), mtimeNs, ctimeNs, ino };
}

/** A folder's times change with what is in it, which is looked at itself. */
function isSame(before: Note | undefined, now: Note): boolean {
  if (before === undefined || before.kind !== now.kind || before.mode !== now.mode) return false;
  if (now.kind === 'directory') return true;
  return (
    before.size === now.size &&
    before.ino === now.ino &&
    before.mtimeNs === now.mtimeNs &&
    before.ctimeNs === now.ctimeNs
  );
}
