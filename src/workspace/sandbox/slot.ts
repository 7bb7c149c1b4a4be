import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { isMade } from '../../util/errors.js';
import { workspaceFailure } from '../failure.js';
import { type OutputPipe, openOutputPipes } from './output-pipe.js';

/**
 * What one workspace after another has of a zygote: a folder that no task sees. In it the keeper is told and answers (FIFOs
 * `ctl`, `run`, `out`, `err`, which the first one makes, and small files), and each workspace has folders of its own.
 */
export class Slot {
  readonly path: string;
  /** Something of a command may still be in its FIFOs. */
  isUnclean = false;
  /** Small files: what they hold, and how long they are (bytes). */
  readonly #files = new Map<string, { text: string; size: number }>();
  /** FIFOs that are written to. */
  readonly #open = new Map<string, number>();
  /** Kinds of folders that were empty when a workspace got them. */
  readonly #empty = new Map<string, string>();
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
    const path = this.#empty.get(kind) ?? join(this.path, kind);
    if (!this.#empty.has(kind)) makeFolder(path);
    this.#empty.set(kind, path);
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
    for (const [kind, path] of this.#empty) {
      if (isAsMade(path)) continue;
      this.#empty.delete(kind);
      renameSync(path, join(this.path, `${this.#number}-${kind}`));
      this.#folders.push(`${this.name}/${this.#number}-${kind}`);
    }
    this.#number += 1;
    return this.#folders.splice(0);
  }

  /** Tells the keeper a word. It is there. */
  tell(word: string): void {
    writeSync(this.#fifo('ctl'), `${word}\n`);
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

  /**
   * Gives the keeper the text of a command, and opens its output; undefined where there is no room for it in a pipe. Until
   * the command has opened that there must be some writer, or it would seem to have ended.
   */
  pass(command: Buffer): OutputPipe[] | undefined {
    const run = this.#fifo('run');
    const written = writeSync(run, command);
    if (written < command.length) {
      // Of a user with many pipes, new ones are small (pipe(7), pipe-user-pages-soft).
      readSync(run, Buffer.alloc(written));
      return undefined;
    }
    return openOutputPipes([join(this.path, 'out'), join(this.path, 'err')]);
  }

  close(): void {
    for (const fd of this.#open.values()) closeSync(fd);
    this.#open.clear();
  }

  #fifo(name: string): number {
    // For reading too: then nobody else needs to have it open yet, or still.
    const fd =
      this.#open.get(name) ?? openSync(join(this.path, name), constants.O_RDWR | constants.O_NONBLOCK);
    this.#open.set(name, fd);
    return fd;
  }
}

function isAsMade(path: string): boolean {
  return (statSync(path).mode & 0o7777) === 0o700 && readdirSync(path).length === 0;
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    throw workspaceFailure(error, `make the scratch folder ${path}`);
  }
}
