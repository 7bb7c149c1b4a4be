import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, closeSync, constants, lstatSync } from 'node:fs';
import { Readable } from 'node:stream';
import { reasonOf } from '../../util/errors.js';
import { findProgram } from '../../util/process/find-program.js';
import { WorkspaceError, workspaceFailure } from '../failure.js';
import type { Command, Running } from '../workspace.js';
import { makeOutputPipes, type OutputPipe } from './output-pipe.js';

/** How the commands of a workspace are kept together: in a namespace, or by marking them. */
export interface Sandbox {
  spawn(command: Command): Running;
  /**
   * Ends every process still alive; gives how many there were.
   * @throws WorkspaceError when that takes too long
   */
  endProcesses(): Promise<number>;
  /** @throws WorkspaceError when the commands changed what forge set up, so that their work can't be told any more */
  mustBeUntouched(): void;
  /** Ends everything, for good. */
  close(): Promise<void>;
}

/** What `execvp` searches when the environment has no PATH. */
const DEFAULT_PATH = '/bin:/usr/bin';

/** Where programs were: they are most likely still there. */
const places = new Map<string, string>();

/** Makes sure that a program exists. `outside` translates paths as the command sees them. @throws WorkspaceError */
export function mustBeProgram(command: Command, cwd: string, outside: (path: string) => string): void {
  const [program] = command.argv;
  const path = command.env.PATH ?? DEFAULT_PATH;
  const exists = (place: string) => isProgram(outside(place));
  const known = places.get(`${program}\0${path}`);
  if (known !== undefined && exists(known)) return;
  const found = findProgram(program, path, cwd, exists);
  if (found !== undefined && !program.includes('/')) places.set(`${program}\0${path}`, found);
  if (found !== undefined) return;
  throw new WorkspaceError(
    program.includes('/')
      ? `cannot start ${program}: there is no such program, or it may not be executed`
      : `cannot start ${program}: no such program in PATH (${path})`,
  );
}

function isProgram(path: string): boolean {
  try {
    const stats = lstatSync(path);
    if (stats.isDirectory()) return false;
    // Where a link leads can't be told from outside the namespace; the program's start will tell.
    if (!stats.isSymbolicLink()) accessSync(path, constants.X_OK);
    return true;
  } catch {
    // Not there, or not for us: the search goes on, as execvp's does.
    return false;
  }
}

/** What `start` gives, or, where that throws, a command that could not be started. */
export function orNotStarted(program: string, start: () => Running): Running {
  try {
    return start();
  } catch (thrown) {
    const error = workspaceFailure(thrown, `start ${program}`);
    return {
      stdout: Readable.from([]),
      stderr: Readable.from([]),
      ended: Promise.resolve({ exitCode: null, signal: null, error }),
      kill: () => undefined,
    };
  }
}

/**
 * Spawns in a session of its own: a Ctrl-C on the terminal reaches forge alone, which then ends its tasks in order.
 * `program` is what messages call it. Leaves nothing open when it fails: a pipe would keep forge alive.
 * @throws WorkspaceError
 */
export function spawnDetached(
  argv: readonly string[],
  options: { cwd?: string; env: Readonly<Record<string, string>>; program: string },
): Omit<Running, 'kill'> & { child: ChildProcess } {
  const [program, ...args] = argv;
  let pipes: OutputPipe[] | undefined;
  try {
    pipes = makeOutputPipes(2);
    const [out, err] = pipes ?? [];
    const child = spawn(program ?? '', args, {
      cwd: options.cwd,
      env: { ...options.env },
      detached: true,
      stdio: ['ignore', out?.fd ?? 'pipe', err?.fd ?? 'pipe'],
    });
    const ended = new Promise<Awaited<Running['ended']>>((resolve) => {
      child.once('error', (error) =>
        resolve({ exitCode: null, signal: null, error: cannotStart(options.program, error) }),
      );
      child.once('exit', (exitCode, signal) => resolve({ exitCode, signal }));
    });
    const [stdout, stderr] = [out?.stream ?? child.stdout, err?.stream ?? child.stderr];
    return { child, ended, stdout: stdout ?? Readable.from([]), stderr: stderr ?? Readable.from([]) };
  } catch (error) {
    for (const { stream } of pipes ?? []) stream.destroy();
    throw cannotStart(options.program, error);
  } finally {
    // The child has its own copies; the streams end when the last of those is closed.
    for (const pipe of pipes ?? []) closeSync(pipe.fd);
  }
}

const WHY: Readonly<Record<string, string>> = {
  E2BIG: 'the command and its environment are longer than the system takes (on Linux 128 KiB for one text)',
  ERR_INVALID_ARG_VALUE:
    'there is a NUL character in the command or in its environment, which no program can be given',
  ENOMEM: 'there is not enough memory',
  EAGAIN: 'there are too many processes (ulimit -u, or the limit of the container)',
  EMFILE: 'there are too many open files (ulimit -n); run fewer tasks at once (-j)',
  ENFILE: 'there are too many open files on this machine',
};

/** What it means when a command could not be started. */
export function cannotStart(program: string, error: unknown): Error {
  return new WorkspaceError(`cannot start ${program}: ${reasonOf(error, WHY)}`, {
    cause: error,
  });
}
