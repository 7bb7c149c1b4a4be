import { type ChildProcess, spawn } from 'node:child_process';

/** How a small helper program ended. `ok` = it could be started and exited with 0. */
export interface Outcome {
  ok: boolean;
  exitCode: number | null;
  /** What it was ended by. */
  signal: NodeJS.Signals | null;
  stdout: Buffer;
  stderr: string;
}

export interface RunOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  input?: Buffer | string;
  /** When it is killed (SIGKILL), in milliseconds. */
  timeoutMs?: number;
  /** In a session of its own: Ctrl-C on the terminal does not reach it. */
  detached?: boolean;
}

/** Runs a program to its end, with messages in plain English. Never throws: a program that is not there has `exitCode` null and says so in `stderr`. */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return new Promise((resolve) => {
    const notStarted = (error: unknown) =>
      resolve({
        ok: false,
        exitCode: null,
        signal: null,
        stdout: Buffer.alloc(0),
        stderr: error instanceof Error ? error.message : String(error),
      });
    let child: ChildProcess;
    try {
      child = spawn(program, args, {
        cwd: options.cwd,
        env: { ...(options.env ?? process.env), LC_ALL: 'C' },
        stdio: ['pipe', 'pipe', 'pipe'],
        detached: options.detached,
      });
    } catch (error) {
      // Some errors are emitted, others thrown (E2BIG, ENOMEM, a NUL in an argument).
      notStarted(error);
      return;
    }
    const timer =
      options.timeoutMs === undefined
        ? undefined
        : setTimeout(() => child.kill('SIGKILL'), options.timeoutMs);
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    // With too many open files there is a child without streams, which then emits `error`.
    child.stdout?.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.once('error', (error) => {
      clearTimeout(timer);
      notStarted(error);
    });
    child.once('close', (exitCode, signal) => {
      clearTimeout(timer);
      resolve({
        ok: exitCode === 0,
        exitCode,
        signal,
        stdout: Buffer.concat(stdout),
        stderr: Buffer.concat(stderr).toString('utf8').trim(),
      });
    });
    // A program may end without reading all its input (EPIPE); its exit code tells what matters.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(options.input);
  });
}
