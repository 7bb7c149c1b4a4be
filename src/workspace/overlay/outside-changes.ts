import { relative } from 'node:path';
import { gitIgnored } from '../../util/git/git.js';
import { isReservedPath, isWithin } from '../../util/paths/path.js';
import { sameContent } from '../changeset/blobs.js';
import { checkTree } from '../changeset/check-tree.js';
import type { DiskTree, PathState } from '../changeset/disk-tree.js';

export interface OutsideOptions {
  /** The view of the repository, and the real one. */
  now: DiskTree;
  real: DiskTree;
  /** Root, relative to the repository's top. */
  root: string;
  /** ctime (ns) of a file made when the workspace was opened. */
  openedNs: bigint;
  /** What a link's target in the view stands for. */
  translateTarget?: (path: string, target: string) => string;
}

/**
 * Gathers what was changed in the repository around root. None of it is ever merged, so names are enough. Folders do not
 * count, as git does not see them.
 */
export class OutsideChanges {
  readonly #changed = new Set<string>();
  readonly #seen = new Set<string>();

  constructor(readonly options: OutsideOptions) {}

  /** Whether a path and what is below it is none of its business: root's own, and what is nobody's. */
  isSettled(path: string): boolean {
    return isReservedPath(path) || isWithin(`/${path}`, `/${this.options.root}`);
  }

  async check(path: string): Promise<void> {
    if (path === '' || this.#seen.has(path) || this.isSettled(path)) return;
    this.#seen.add(path);
    const { now, real } = this.options;
    if (!(await this.#isSame(path, now.state(path), real.state(path)))) this.#changed.add(path);
  }

  async checkTree(top: string): Promise<void> {
    await checkTree(top, this, [this.options.now, this.options.real]);
  }

  /** The paths relative to root, sorted, without what git ignores. Throws WorkspaceError where git can't answer. */
  async strays(): Promise<string[]> {
    const paths = [...this.#changed];
    const ignored = await gitIgnored(this.options.real.dir, paths);
    return paths
      .filter((path) => !ignored.has(path))
      .map((path) => relative(`/${this.options.root}`, `/${path}`))
      .sort();
  }

  async #isSame(path: string, now: PathState, real: PathState): Promise<boolean> {
    const isNothing = (state: PathState) => state.kind === 'absent' || state.kind === 'directory';
    if (isNothing(now) && isNothing(real)) return true;
    if (now.kind === 'symlink' && real.kind === 'symlink')
      return (this.options.translateTarget?.(path, now.target ?? '') ?? now.target) === real.target;
    if (now.kind === 'special' && real.kind === 'special') return true;
    if (now.kind !== 'file' || real.kind !== 'file') return false;
    const { openedNs } = this.options;
    // The user edited the real file after the workspace was opened; the view's is older and was only touched by name.
    const [view, here] = [this.options.now.stat(path), this.options.real.stat(path)];
    if ((here?.ctimeNs ?? 0n) >= openedNs && (view?.mtimeNs ?? openedNs) < openedNs) return true;
    if (now.mode !== real.mode || now.size !== real.size) return false;
    return await sameContent(this.options.now, path, now.size ?? 0, real.content);
  }
}
