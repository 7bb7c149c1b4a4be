import { mkdirSync, readFileSync, renameSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMade } from '../../util/errors.js';
import { workspaceFailure } from '../failure.js';

/** What one workspace after another has of a zygote: a folder that no task sees. In it each has folders of its own. */
export class Slot {
  readonly path: string;
  /** Small files: what they hold, and how long they are (bytes). */
  readonly #files = new Map<string, { text: string; size: number }>();
  /** Kinds of folders that were empty when a workspace got them, and when they were last touched. */
  readonly #empty = new Map<string, { path: string; changedNs: bigint }>();
  /** Of the workspace that has it now. */
  #number = 0;
  #folders: string[] = [];

  constructor(
    /** The zygote's folder. */
    readonly home: string,
    readonly name: string,
  ) {
    this.path = join(home, name);
    makeFolder(this.path);
  }

  /** Makes a folder that goes with the workspace. @throws WorkspaceError */
  folder(kind: string): string {
    const name = `${this.#number}-${kind}`;
    const path = join(this.path, name);
    makeFolder(path);
    this.#folders.push(`${this.name}/${name}`);
    return path;
  }

  /** The same of one that most tasks leave as it is: the next workspace gets it, too. */
  emptyFolder(kind: string): string {
    const path = join(this.path, kind);
    if (!this.#empty.has(kind)) {
      makeFolder(path);
      this.#empty.set(kind, { path, changedNs: changedNs(path) });
    }
    return path;
  }

  /** Makes sure of a link that all its workspaces use; gives its path. */
  link(name: string, target: string): string {
    const path = join(this.path, name);
    isMade(() => symlinkSync(target, path));
    return path;
  }

  /** Makes it the next workspace's; gives the names of what is to go, in the zygote's folder. */
  vacate(): string[] {
    for (const [kind, { path, changedNs: before }] of this.#empty) {
      if (changedNs(path) === before) continue;
      this.#empty.delete(kind);
      renameSync(path, join(this.path, `${this.#number}-${kind}`));
      this.#folders.push(`${this.name}/${this.#number}-${kind}`);
    }
    this.#number += 1;
    return this.#folders.splice(0);
  }

  /**
   * Writes a file of a kind in which empty lines mean nothing. In place: a file that is cut off to be written anew makes
   * file systems wait for the disk.
   */
  write(name: string, text: string): void {
    const known = this.#files.get(name);
    if (known?.text === text) return;
    const length = Buffer.byteLength(text);
    const size = Math.max(length, known?.size ?? 0);
    const flag = known === undefined ? 'w' : 'r+';
    writeFileSync(join(this.path, name), text + '\n'.repeat(size - length), { mode: 0o600, flag });
    this.#files.set(name, { text, size });
  }

  read(name: string): string {
    return readFileSync(join(this.path, name), 'utf8');
  }

  /** The time (ns) on the clock that its file system uses: later changes have later ctimes. */
  now(): bigint {
    const path = join(this.path, 'now');
    writeFileSync(path, '');
    return statSync(path, { bigint: true }).ctimeNs;
  }
}

/** When a folder's mode, owner, attributes or names were last changed. */
function changedNs(path: string): bigint {
  return statSync(path, { bigint: true }).ctimeNs;
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    throw workspaceFailure(error, `make the scratch folder ${path}`);
  }
}
