import { mkdir, rename } from 'node:fs/promises';
import { ignoring } from '../../util/errors.js';
import { hashFile } from '../../util/files/content.js';
import { type FileState, isUnchanged, lstatOrNull, TreeReader } from '../../util/files/file-state.js';
import { readOurFile } from '../../util/files/provenance.js';
import { removeFile } from '../../util/files/remove-tree.js';
import { GitError, gitOk } from '../../util/git/git.js';
import { ancestorsOf, joinRoot } from '../../util/paths/path.js';
import type { BaseLookup, PathState } from '../../workspace/index.js';
import { MergeError } from '../merge-error.js';

/** What is kept of one owned path that existed at the start. */
export interface BaseRecord {
  seen: FileState;
  /** git's blob that has the file's exact bytes. */
  blob?: string;
  /** Name of the copy in the base folder, and the SHA-256 of its bytes. */
  copy?: string;
  hash?: string;
}

/** `base.json` in the base folder. */
export interface BaseData {
  v: 1;
  root: string;
  /** ctime of a file touched at the start: a path whose ctime is older has not changed since. */
  markerNs: string;
  records: [path: string, record: BaseRecord][];
  /** Folders above the recorded paths. */
  folders: [path: string, seen: FileState][];
  /** Paths that git ignored; a folder ends in `/`. */
  opaque: string[];
}

/**
 * Reads what `captureBase` stored in `dir`. `owned` is to be given again where it is known: without it, an owned path
 * that was not there at the start is "not known" instead of "nothing".
 * @throws MergeError when the folder is missing or damaged
 */
export async function loadBase(dir: string, owned: (path: string) => boolean = () => false): Promise<Base> {
  let data: BaseData;
  try {
    data = JSON.parse(readOurFile(`${dir}/base.json`)) as BaseData;
  } catch (error) {
    throw new MergeError(
      `The record of how the working tree looked at the start of the run is missing or damaged (${dir}/base.json). Nothing can be merged safely without it.`,
      { cause: error },
    );
  }
  return new Base(data, dir, owned);
}

/** The working tree as it was when the run started, as far as tasks may write it. */
export class Base implements BaseLookup {
  readonly root: string;
  readonly #records: Map<string, BaseRecord>;
  readonly #folders: Map<string, FileState>;
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

  /** Files and links that tasks may write and that were there at the start (what git ignores is left out). */
  paths(): Iterable<string> {
    return this.#records.keys();
  }

  /** What stat told of a path, to compare with what is there now; null = nothing, undefined = not known. */
  was(path: string, owned = this.owned): FileState | null | undefined {
    const recorded = this.#records.get(path)?.seen ?? this.#folders.get(path);
    if (recorded !== undefined) return recorded;
    const now = new TreeReader(this.root).lstatNoFollow(path);
    if (this.#isUntouched(path, now)) return now;
    const listed = owned(path) && !this.#isOpaque(path);
    // Everything owned that git does not ignore was recorded; empty folders are the exception.
    return listed && now?.kind !== 'directory' ? null : undefined;
  }

  /** The same for workspaces. `owned`: see loadBase. */
  async lookup(path: string, owned = this.owned): Promise<PathState | undefined> {
    const was = this.was(path, owned);
    if (was === undefined || was?.kind === 'special') return undefined;
    if (was === null) return { kind: 'absent' };
    const { kind, mode } = was;
    if (kind === 'symlink') return { kind, target: was.target };
    if (kind === 'directory') return { kind, mode };
    const content = await this.content(path);
    const hash = this.#records.get(path)?.hash ?? (content && (await hashFile(content)));
    return { kind, mode, content: hash ? { hash } : 'unknown' };
  }

  /** A file that has the bytes the path had at the start (root's own file where that is unchanged), absolute, or undefined. */
  async content(path: string): Promise<string | Buffer | undefined> {
    const record = this.#records.get(path);
    if (record?.seen.kind === 'file') {
      if (record.copy !== undefined) return this.#copied(record);
      if (record.blob !== undefined) return this.#blob(record.blob, record.seen.size);
    }
    const now = new TreeReader(this.root).lstatNoFollow(path);
    if (now?.kind !== 'file') return undefined;
    const before = this.was(path);
    return before && isUnchanged(before, now) ? joinRoot(this.root, path) : undefined;
  }

  /** git's blob with the exact bytes of a file that was tracked and clean, where that is how its content is kept. */
  blob(path: string): string | undefined {
    return this.#records.get(path)?.blob;
  }

  /** The copy, if a crash of the machine did not damage it. */
  async #copied(record: BaseRecord): Promise<string | undefined> {
    const at = `${this.dir}/copies/${record.copy}`;
    const hash = await hashFile(at).catch(ignoring('ENOENT'));
    return hash !== undefined && hash === record.hash ? at : undefined;
  }

  /** git's blob, written to a file once; undefined when git no longer has it or its size is not the file's. */
  async #blob(oid: string, size: number): Promise<string | undefined> {
    const at = `${this.dir}/blobs/${oid}`;
    if (lstatOrNull(at)?.size === size) return at;
    await mkdir(`${this.dir}/blobs`, { recursive: true });
    const fresh = `${at}.${this.#fresh++}`;
    try {
      await gitOk(this.root, ['cat-file', 'blob', oid], { into: fresh });
      await rename(fresh, at);
    } catch (error) {
      removeFile(fresh);
      if (!(error instanceof GitError)) throw error;
      return undefined;
    }
    return lstatOrNull(at)?.size === size ? at : undefined;
  }

  #isOpaque(path: string): boolean {
    if (this.#opaque.has(path)) return true;
    return [...ancestorsOf(path), path].some((folder) => this.#opaque.has(`${folder}/`));
  }

  /**
   * Whether ctimes prove that a path which was not recorded is as it was: it is older than the marker, and none of
   * the folders above was moved here since (renaming a folder changes its own ctime, not those of what is in it).
   */
  #isUntouched(path: string, now: FileState | null): boolean {
    // The clock was set back: order says nothing.
    if (BigInt(Date.now()) * 1_000_000n < this.#markerNs) return false;
    if (now !== null && !this.#isOld(now)) return false;
    let nearest: FileState | null = null;
    for (const folder of ancestorsOf(path)) {
      const state = lstatOrNull(joinRoot(this.root, folder));
      if (state === null) break;
      if (state.kind !== 'directory') return false;
      if (!this.#isOld(state) && this.#folders.get(folder)?.ino !== state.ino) return false;
      nearest = state;
    }
    if (now !== null) return true;
    // Nothing is there: was something removed? Then the folder it was in has a new ctime.
    nearest ??= lstatOrNull(this.root);
    return nearest !== null && this.#isOld(nearest);
  }

  #isOld({ ctimeNs }: FileState): boolean {
    return BigInt(ctimeNs) < this.#markerNs;
  }
}
