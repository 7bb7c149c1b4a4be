import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { chmod, rename } from 'node:fs/promises';
import { codeOf } from '../../util/errors.js';
import { copyFile, hashBytes, hashFile } from '../../util/files/content.js';
import { WorkspaceError, workspaceFailure } from '../failure.js';
import type { Content, DiskTree } from './disk-tree.js';

/** Files up to this size are read at once; larger ones are streamed, so that memory stays bounded. */
const SMALL = 1 << 20;

/** Content of the changed files that are kept, stored under its SHA-256 in a folder that is made when the first one comes. */
export class BlobStore {
  readonly #known = new Set<string>();
  #copies = 0;

  constructor(readonly dir: string) {}

  /**
   * Stores a file's content; gives what was stored (which is what counts, should the file change meanwhile).
   * @throws WorkspaceError where something else than a file has taken its place; a system error where nothing is there.
   */
  async add(tree: DiskTree, path: string): Promise<{ hash: string; size: number }> {
    if (this.#known.size === 0) mkdirSync(this.dir, { recursive: true });
    const content = tree.reading(path, () => readSmall(tree.absolute(path), path));
    if (content !== undefined) {
      const hash = hashBytes(content);
      if (!this.#known.has(hash)) this.#write(hash, content);
      return { hash, size: content.length };
    }
    this.#copies += 1;
    const fresh = `${this.dir}/copy-${this.#copies}`;
    const source = tree.readable(path);
    try {
      await copyFile(source, fresh);
      await chmod(fresh, 0o600);
      // Hashing the copy, not the file, makes the name right even while something still writes to the file.
      const hash = await hashFile(fresh);
      await rename(fresh, `${this.dir}/${hash}`);
      this.#known.add(hash);
      return { hash, size: statSync(`${this.dir}/${hash}`).size };
    } catch (error) {
      throw codeOf(error) === 'ENOENT' ? error : workspaceFailure(error, `store ${path} in ${this.dir}`);
    }
  }

  #write(hash: string, content: Buffer): void {
    try {
      writeFileSync(`${this.dir}/${hash}`, content, { mode: 0o600 });
    } catch (error) {
      throw workspaceFailure(error, `write ${this.dir}/${hash}`);
    }
    this.#known.add(hash);
  }
}

/** The content of a file that is small, undefined of another. It was a file when it was listed: no link is followed, no FIFO waited for. */
function readSmall(at: string | Buffer, path: string): Buffer | undefined {
  let file: number | undefined;
  try {
    file = openSync(at, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stats = fstatSync(file);
    if (stats.isFile()) return stats.size <= SMALL ? readFileSync(file) : undefined;
  } catch (error) {
    // A link (open(2), O_NOFOLLOW).
    if (codeOf(error) !== 'ELOOP') throw error;
  } finally {
    if (file !== undefined) closeSync(file);
  }
  throw new WorkspaceError(`cannot collect ${path}: a process is still changing it`);
}

/** The SHA-256 of the content of a file of so many bytes; undefined where that can't be told. */
export async function hashOf(content: Content, size: number): Promise<string | undefined> {
  if (content === 'unknown') return undefined;
  if ('hash' in content) return content.hash;
  const { in: tree, path } = content;
  if (size > SMALL) return hashFile(tree.readable(path));
  return hashBytes(tree.reading(path, () => readFileSync(tree.absolute(path))));
}
