import { mkdir, open, rename, stat } from 'node:fs/promises';
import { codeOf } from '../../util/errors/system-error.js';
import { hashFile } from '../../util/files/hash.js';
import { readOurFile } from '../../util/files/provenance.js';
import { removeFile } from '../../util/files/remove-tree.js';
import { gitOk } from '../../util/git/git.js';
import { MergeError } from '../merge-error.js';
import type { BaseData, BaseRecord } from './base-record.js';
import { isSame, look, lookInside, type Seen, under } from './seen.js';

/** What a path was at the start of the run. */
export interface BaseState {
  kind: 'file' | 'symlink' | 'directory';
  /** Permission bits, 0o7777. */
  mode: number;
  /** SHA-256 of a file's content, where it is known. */
  hash?: string;
  target?: string;
}

/** The working tree as it was when the run started, as far as tasks may write it. */
export interface Base {
  readonly root: string;
  /** Files and links that tasks may write and that were there at the start (what git ignores is left out). */
  paths(): Iterable<string>;
  /** What was at a path; null = nothing; undefined = not known. `owned`: see loadBase. */
  lookup(path: string, owned?: (path: string) => boolean): Promise<BaseState | null | undefined>;
  /** The same as stat data, to compare with what is there now. */
  was(path: string): Promise<Seen | null | undefined>;
  /** Absolute path of a file that has the bytes the path had at the start (root's own file where that is unchanged), or undefined. */
  content(path: string): Promise<string | Buffer | undefined>;
  /** git's blob with the exact bytes of a file that was tracked and clean, where that is how its content is kept. */
  blob(path: string): string | undefined;
}

/** Reads what `captureBase` stored in `dir`. Give `owned` again where it is known: without it, an owned path that was not there at the start is "not known" instead of "nothing". Throws a MergeError when the folder is missing or damaged. */
export async function loadBase(dir: string, owned?: (path: string) => boolean): Promise<Base> {
  let data: BaseData;
  try {
    data = JSON.parse(readOurFile(`${dir}/base.json`)) as BaseData;
  } catch (error) {
    throw new MergeError(
      `The record of how the working tree looked at the start of the run is missing or damaged (${dir}/base.json). Nothing can be merged safely without it.`,
      { cause: error },
    );
  }
  return new RecordedBase(data, dir, owned ?? (() => false));
}

class RecordedBase implements Base {
  readonly root: string;
  readonly #records: Map<string, BaseRecord>;
  readonly #folders: Map<string, Seen>;
  readonly #opaque: Set<string>;
  readonly #markerNs: bigint;
  #fresh = 0;

  constructor(
    data: BaseData,
    private readonly dir: string,
    private readonly owned: (path: string) => boolean,
  ) {
    this.root = data.root;
    this.#records = new Map(data.records);
    this.#folders = new Map(data.folders);
    this.#opaque = new Set(data.opaque);
    this.#markerNs = BigInt(data.markerNs);
  }

  paths(): Iterable<string> {
    return this.#records.keys();
  }

  async was(path: string, owned = this.owned): Promise<Seen | null | undefined> {
    const recorded = this.#records.get(path)?.seen ?? this.#folders.get(path);
    if (recorded !== undefined) return recorded;
    const now = await lookInside(this.root)(path);
    if (await this.#untouchedSince(path, now)) return now;
    const listed = owned(path) && !this.#isOpaque(path);
    // Everything owned that git does not ignore was recorded; empty folders are the exception.
    return listed && now?.kind !== 'directory' ? null : undefined;
  }

  async lookup(path: string, owned = this.owned): Promise<BaseState | null | undefined> {
    const seen = await this.was(path, owned);
    if (!seen) return seen;
    if (seen.kind === 'special') return undefined;
    const state: BaseState = { kind: seen.kind, mode: seen.mode };
    if (seen.target !== undefined) state.target = seen.target;
    if (seen.kind === 'file') {
      const content = await this.content(path);
      const hash = this.#records.get(path)?.hash ?? (content && (await hashFile(content)));
      if (hash) state.hash = hash;
    }
    return state;
  }

  async content(path: string): Promise<string | Buffer | undefined> {
    const record = this.#records.get(path);
    if (record?.seen.kind === 'file') {
      if (record.copy !== undefined) return this.#copied(record);
      if (record.blob !== undefined) return this.#blob(record.blob, record.seen.size);
    }
    const now = await lookInside(this.root)(path);
    if (now?.kind !== 'file') return undefined;
    const before = await this.was(path);
    return before && isSame(before, now) ? under(this.root, path) : undefined;
  }

  blob(path: string): string | undefined {
    return this.#records.get(path)?.blob;
  }

  /** The copy, if a crash of the machine did not damage it. */
  async #copied(record: BaseRecord): Promise<string | undefined> {
    const at = `${this.dir}/copies/${record.copy}`;
    try {
      return (await hashFile(at)) === record.hash ? at : undefined;
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** git's blob, written to a file once; undefined when git no longer has it or its size is not the file's. */
  async #blob(oid: string, size: number): Promise<string | undefined> {
    const at = `${this.dir}/blobs/${oid}`;
    const sizeNow = async () => (await stat(at).catch(() => undefined))?.size;
    if ((await sizeNow()) !== size) {
      await mkdir(`${this.dir}/blobs`, { recursive: true });
      const fresh = `${at}.${this.#fresh++}`;
      const handle = await open(fresh, 'w');
      try {
        await gitOk(this.root, ['cat-file', 'blob', oid], { stdoutFd: handle.fd });
        await rename(fresh, at);
      } catch (error) {
        removeFile(fresh);
        if (!(error instanceof MergeError)) throw error;
        return undefined;
      } finally {
        await handle.close();
      }
    }
    return (await sizeNow()) === size ? at : undefined;
  }

  #isOpaque(path: string): boolean {
    if (this.#opaque.has(path)) return true;
    for (let cut = path.indexOf('/'); cut !== -1; cut = path.indexOf('/', cut + 1)) {
      if (this.#opaque.has(path.slice(0, cut + 1))) return true;
    }
    return this.#opaque.has(`${path}/`);
  }

  /**
   * Whether ctimes prove that a path which was not recorded is as it was: it is older than the marker, and none of
   * the folders above was moved here since (renaming a folder changes its own ctime, not those of what is in it).
   */
  async #untouchedSince(path: string, now: Seen | null): Promise<boolean> {
    // The clock was set back: order says nothing.
    if (BigInt(Date.now()) * 1_000_000n < this.#markerNs) return false;
    if (now !== null && !this.#isOld(now)) return false;
    let nearest: Seen | undefined;
    for (let cut = path.indexOf('/'); cut !== -1; cut = path.indexOf('/', cut + 1)) {
      const folder = path.slice(0, cut);
      const seen = await look(under(this.root, folder));
      if (seen === null) break;
      if (seen.kind !== 'directory') return false;
      if (!this.#isOld(seen) && this.#folders.get(folder)?.ino !== seen.ino) return false;
      nearest = seen;
    }
    if (now !== null) return true;
    // Nothing is there: was something removed? Then the folder it was in has a new ctime.
    nearest ??= (await look(this.root)) ?? undefined;
    return nearest !== undefined && this.#isOld(nearest);
  }

  #isOld(seen: Seen): boolean {
    return BigInt(seen.ctimeNs) < this.#markerNs;
  }
}
