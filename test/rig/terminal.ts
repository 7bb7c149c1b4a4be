import { spawn } from 'node:child_process';

/**
 * A command on a real pseudo-terminal, by util-linux' `script`. What it shows is collected; `shows` waits for a text
 * (after what was waited for before), `type` sends keys.
 */
export class Terminal {
  readonly #child;
  #seen = '';
  #from = 0;
  #ended: Promise<number | null>;
  #wake: (() => void)[] = [];

  constructor(command: readonly string[], options: { cwd: string; env: NodeJS.ProcessEnv }) {
    const line = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
    this.#child = spawn('script', ['-qfec', `stty cols 100 rows 30; exec ${line}`, '/dev/null'], {
      cwd: options.cwd,
      env: { ...options.env, TERM: 'xterm-256color', LC_ALL: 'C.UTF-8' },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#child.stdout.on('data', (chunk: Buffer) => {
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
    this.#child.stdin.write(keys);
  }

  /** Waits for the end; gives the exit code. */
  ended(): Promise<number | null> {
    return this.#ended;
  }
}
