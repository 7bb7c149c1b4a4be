import type { ChildProcess } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createInterface } from 'node:readline';
import { setImmediate as immediate } from 'node:timers/promises';
import type { Options, ResultPromise } from 'execa';
import { endWithGrace, type Stopped, sendSignal } from './end-with-grace.js';

/** How a helper program ended. */
export interface Outcome {
  /** It could be started and exited with 0. */
  ok: boolean;
  /** null for one that could not be started, or that a signal ended. */
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  stdout: Buffer;
  /** Without white space around it; of a program that could not be started, why. */
  stderr: string;
  /** What the system said where it could not be started. */
  notStarted?: Error;
  /** Why forge ended it, if it did. */
  stopped?: Stopped;
}

export interface RunOptions {
  cwd?: string;
  /** The whole of it. Default: that of forge, with messages in plain English. */
  env?: NodeJS.ProcessEnv;
  input?: Buffer | string;
  /** Descriptors to use in place of pipes: standard input, output, error and those that the program finds from 3 on. */
  fds?: { stdin?: number; stdout?: number; stderr?: number; more?: readonly number[] };
  /** Is given standard output line by line as it comes, which is then not kept. */
  onLine?: (line: string) => void;
  /** When it is ended, in milliseconds. */
  timeoutMs?: number;
  /** Ends it. */
  signal?: AbortSignal;
  /** Between SIGTERM and SIGKILL where it is ended, in milliseconds; default 0: SIGKILL at once. */
  graceMs?: number;
  /** When it ends, what it has left running in its process group is killed. */
  endsGroup?: boolean;
  /** Ctrl-C on the terminal ends it. By default that is for forge alone, which lets its helpers end what they are at. */
  interruptible?: boolean;
}

/**
 * Runs a helper program to its end and gives what it printed, as bytes and all of it. The one place where forge does
 * so; what lives in a namespace or answers to a task is spawned by the workspace. Never throws: a program that is not
 * there has `notStarted`. One that ends without reading all its input is judged by its exit code.
 */
export async function run(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Outcome> {
  const { input, fds = {}, onLine, timeoutMs, signal, graceMs = 0, interruptible = false } = options;
  const how = {
    cwd: options.cwd,
    env: options.env ?? { ...process.env, LC_ALL: 'C' },
    extendEnv: false,
    stdio: [
      fds.stdin ?? (input === undefined ? 'ignore' : 'pipe'),
      fds.stdout ?? 'pipe',
      fds.stderr ?? 'pipe',
      ...(fds.more ?? []),
      // Its types know descriptors below 10 only.
    ] as Options['stdio'],
    input,
    encoding: 'buffer',
    buffer: { stdout: onLine === undefined },
    maxBuffer: Number.POSITIVE_INFINITY,
    stripFinalNewline: false,
    reject: false,
    detached: !interruptible,
    // It would listen to every signal there is.
    cleanup: false,
  } satisfies Options;
  const heard: Error[] = [];
  let child: ResultPromise<typeof how>;
  try {
    // It takes tens of milliseconds to load, so only where something is run.
    const { execa } = await import('execa');
    child = withErrorsHeard(() => execa(program, args, how), heard);
  } catch (error) {
    // What the system said comes as an event, right after this.
    await immediate();
    return notStarted(heard[0] ?? (error as Error));
  }
  const { pid } = child;
  const kill = (name: NodeJS.Signals) => {
    if (pid !== undefined) sendSignal(interruptible ? pid : -pid, name);
  };
  if (options.endsGroup) child.once('exit', () => kill('SIGKILL'));
  if (onLine !== undefined) createInterface({ input: child.stdout! }).on('line', onLine);
  const isBounded = timeoutMs !== undefined || signal !== undefined;
  const stopped = isBounded
    ? await endWithGrace({ ended: child, kill, timeoutMs, signal, graceMs })
    : undefined;
  const { exitCode, signal: endedBy, stdout, stderr, cause } = await child;
  if (exitCode === undefined && endedBy === undefined) return notStarted(cause as Error);
  return {
    ok: exitCode === 0,
    exitCode: exitCode ?? null,
    signal: endedBy ?? null,
    stdout: bytesOf(stdout),
    stderr: bytesOf(stderr).toString('utf8').trim(),
    stopped,
  };
}

/** A copy of what execa gathers in memory that can still grow, which not every call of Node's takes. */
function bytesOf(output: unknown): Buffer {
  return Buffer.from((output ?? []) as Uint8Array);
}

function notStarted(error: Error): Outcome {
  const nothing = { ok: false, exitCode: null, signal: null, stdout: Buffer.alloc(0) };
  return { ...nothing, stderr: error.message, notStarted: error };
}

/**
 * With too many open files Node gives a child without streams, which then emits `error`; execa 9.6 throws for lack of
 * the streams, and nobody would be left to hear the event, which then ends forge.
 */
function withErrorsHeard<T>(start: () => T, heard: Error[]): T {
  const listen = (message: unknown) =>
    (message as { process: ChildProcess }).process.on('error', (error) => heard.push(error));
  subscribe('child_process', listen);
  try {
    return start();
  } finally {
    unsubscribe('child_process', listen);
  }
}
