import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { hasCode } from '../../util/errors.js';
import { type OutputPipe, openOutputPipes } from './output-pipe.js';

/**
 * What one keeper is told by and commands of one workspace print to: FIFOs in a folder of their own. No second keeper uses
 * them: what was not read, and what a task has kept open, is nobody else's.
 */
export class Channel {
  static readonly FIFOS = ['ctl', 'run', 'out', 'err'] as const;
  readonly path: string;
  #control: number | undefined;
  #run: number | undefined;
  /** What of a command's text did not fit into the FIFO yet. */
  #rest: Socket | undefined;

  constructor(
    home: string,
    /** Of its folder, in `home`. */
    readonly name: string,
  ) {
    this.path = join(home, name);
  }

  /** Opens what is written to. For reading too: then nobody else needs to have it open yet, or still. */
  open(): void {
    const both = constants.O_RDWR | constants.O_NONBLOCK;
    this.#control = openSync(join(this.path, 'ctl'), both);
    this.#run = openSync(join(this.path, 'run'), both);
  }

  get isOpen(): boolean {
    return this.#control !== undefined && this.#run !== undefined;
  }

  /** Tells the keeper a word; it is open. */
  tell(word: string): void {
    writeSync(this.#control!, `${word}\n`);
  }

  /**
   * Has the keeper run what a text says; gives the ends of the output. Until the command has opened that there must be some
   * writer, or it would seem to have ended. @throws a system error, and then nothing is run
   */
  run(text: Buffer): OutputPipe[] {
    const pipes = openOutputPipes([join(this.path, 'out'), join(this.path, 'err')]);
    try {
      // A pipe holds 64 KiB, and of a user with many pipes less (pipe(7), pipe-user-pages-soft).
      const written = writeSync(this.#run!, text);
      if (written < text.length) {
        const fd = openSync(join(this.path, 'run'), constants.O_WRONLY | constants.O_NONBLOCK);
        this.#rest = new Socket({ fd, readable: false, writable: true });
        this.#rest.on('error', () => this.forget());
        this.#rest.end(text.subarray(written));
      }
      this.tell('run');
      return pipes;
    } catch (error) {
      this.forget();
      for (const { fd, stream } of pipes) {
        closeSync(fd);
        stream.destroy();
      }
      throw error;
    }
  }

  /** Takes back what was not read of a command's text. */
  forget(): void {
    this.#rest?.destroy();
    this.#rest = undefined;
    if (this.#run === undefined) return;
    const buffer = Buffer.alloc(65_536);
    try {
      while (readSync(this.#run, buffer) > 0);
    } catch (error) {
      if (!hasCode(error, 'EAGAIN')) throw error;
    }
  }

  close(): void {
    this.#rest?.destroy();
    for (const fd of [this.#control, this.#run]) if (fd !== undefined) closeSync(fd);
    this.#control = undefined;
    this.#run = undefined;
  }
}
