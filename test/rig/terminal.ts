import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';

/**
 * A command on a real pseudo-terminal, by util-linux' `script`. What it shows is collected; `shows` waits for a text
 * (after what was waited for before), `type` sends keys.
 */
export class Terminal {
  readonly #child;
  #seen = '';
  #from = 0;
  #ended: Promise<number | null>;
  readonly #over: Promise<string>;
  #wake: (() => void)[] = [];

  /**
   * `leader: false` leaves the shell between the terminal and the command, as an interactive one does: it passes SIGHUP
   * on, twice, and tells how the command ended.
   */
  constructor(
    command: readonly string[],
    options: {
      cwd: string;
      env: NodeJS.ProcessEnv;
      leader?: boolean;
      size?: [columns: number, rows: number];
    },
  ) {
    const words = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
    const line = options.leader === false ? supervised(words) : `exec ${words}`;
    const [columns, rows] = options.size ?? [100, 30];
    this.#child = spawn('script', ['-qfec', `stty cols ${columns} rows ${rows}; ${line}`, '/dev/null'], {
      cwd: options.cwd,
      env: { ...options.env, TERM: 'xterm-256color', LC_ALL: 'C.UTF-8' },
      stdio: ['pipe', 'pipe', 'inherit', 'pipe'],
    });
    const told = this.#child.stdio[3] as Readable;
    let text = '';
    told.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
    });
    this.#over = new Promise((resolve) => told.once('close', () => resolve(text.trim())));
    this.#child.stdout!.on('data', (chunk: Buffer) => {
      this.#seen += chunk.toString('utf8');
      for (const wake of this.#wake.splice(0)) wake();
    });
    this.#ended = new Promise((resolve) => this.#child.once('close', (code) => resolve(code)));
    void this.#ended.then(() => {
      for (const wake of this.#wake.splice(0)) wake();
    });
  }

  get screen(): string {
    return this.#seen;
  }

  /** Waits until the text appears; throws when the command ends without it. */
  async shows(text: string): Promise<void> {
    for (;;) {
      const at = this.#seen.indexOf(text, this.#from);
      if (at >= 0) {
        this.#from = at + text.length;
        return;
      }
      const over = await Promise.race([
        this.#ended.then(() => true),
        new Promise<boolean>((resolve) => this.#wake.push(() => resolve(false))),
      ]);
      if (over && this.#seen.indexOf(text, this.#from) < 0) {
        throw new Error(`the command ended without showing ${JSON.stringify(text)}:\n${this.#seen}`);
      }
    }
  }

  type(keys: string): void {
    this.#child.stdin!.write(keys);
  }

  /** Takes the terminal away, as closing its window does. */
  hangUp(): void {
    this.#child.kill('SIGKILL');
  }

  /** Waits until the command is over, whatever became of its terminal; with `leader: false` gives its exit code (128 and more: a signal). */
  over(): Promise<string> {
    return this.#over;
  }

  /** Waits for the end; gives the exit code. */
  ended(): Promise<number | null> {
    return this.#ended;
  }
}

/** Descriptor 3 is a pipe to the test: the command must not hold it, the shell tells on it how the command ended. */
function supervised(words: string): string {
  return [
    `trap 'kill -HUP $pid; kill -HUP $pid' HUP`,
    // A shell without job control gives /dev/null to what it starts in the background: dash even for <&0.
    'exec 4<&0',
    `${words} <&4 4<&- 3>&- &`,
    'pid=$!',
    'while kill -0 $pid 2>/dev/null; do wait $pid; code=$?; done',
    'echo $code >&3',
  ].join('\n');
}
