import { mkdir, rename, rmdir, writeFile } from 'node:fs/promises';
import { codeOf } from '../../util/errors/system-error.js';
import { removeTree } from '../../util/files/remove-tree.js';

/** What the kernel says of a rename that it would allow, but for what is in the way: the way is a folder that is not empty. */
const ALLOWED: ReadonlySet<string | undefined> = new Set(['EISDIR', 'ENOTEMPTY', 'EEXIST', 'ENOENT']);

/**
 * Asks the kernel whether an entry may be taken away, without taking it: a rename over a folder that is not empty always
 * fails, but a flag (append-only, immutable), a sticky folder or a read-only file system is found first (may_delete() in
 * Linux's fs/namei.c). No program can read those flags through Node, and access(2) knows nothing of append-only.
 */
export class Removal {
  private constructor(
    /** The folder with something in it. */
    private readonly full: string,
  ) {}

  /** Makes the folder in the merge folder. Remove it by `close`. */
  static async prepare(dir: string): Promise<Removal> {
    const full = `${dir}/occupied`;
    await mkdir(full, { recursive: true });
    await writeFile(`${full}/nothing-can-be-moved-here`, '');
    return new Removal(full);
  }

  close(): Promise<void> {
    return removeTree(this.full);
  }

  /** @throws the system's error that taking the entry away would give; nothing is moved in any case. */
  async check(at: string | Buffer, isFolder: boolean): Promise<void> {
    try {
      await rename(at, this.full);
    } catch (error) {
      const code = codeOf(error);
      if (ALLOWED.has(code)) return;
      // Moving a folder takes more rights than removing it, and a folder that goes is removed.
      if (isFolder && (code === 'EACCES' || code === 'EXDEV')) return;
      if (code === 'EXDEV') return this.#checkHere(at);
      throw error;
    }
    throw new Error(
      `this file system let a folder that is not empty be replaced: what was there is now ${this.full}`,
    );
  }

  /** On another file system than the merge folder: rmdir(2) of what is no folder, which fails as well. */
  async #checkHere(at: string | Buffer): Promise<void> {
    try {
      await rmdir(at);
    } catch (error) {
      const code = codeOf(error);
      if (code !== 'ENOTDIR' && code !== 'ENOENT') throw error;
    }
  }
}
