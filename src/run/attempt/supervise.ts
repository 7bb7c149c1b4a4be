import { endWithGrace, firstOf, GRACE_MS, type Stopped } from '../../util/process/end-with-grace.js';
import type { Command, Running, Workspace } from '../../workspace/index.js';
import type { OutputLog } from './output.js';

/** How a supervised command ended. */
export interface Ended extends Awaited<Running['ended']> {
  /** Why forge ended it, if it did. */
  stopped?: Stopped;
}

/**
 * Runs a command in a workspace until it ends, its time is up (`timeoutMs`) or `signal` aborts; then ends whatever it
 * left running. Output goes to `log`, and as lines to `onLine`, secrets masked; what is written on standard output also
 * goes to `onWritten`, where somebody must read it as it is. Never rejects.
 */
export async function supervise(
  workspace: Workspace,
  command: Command,
  options: {
    timeoutMs: number;
    signal: AbortSignal;
    log: OutputLog;
    onLine: (stream: 'stdout' | 'stderr', text: string) => void;
    onWritten?: (text: string) => void;
  },
): Promise<Ended> {
  const { timeoutMs, signal, log, onLine, onWritten } = options;
  const running = workspace.spawn(command);
  const output = Promise.all([
    log.copy(running.stdout, (text) => onLine('stdout', text), onWritten),
    log.copy(running.stderr, (text) => onLine('stderr', text)),
  ]);
  // Output that cannot be kept (disk full) ends the command: its pipes would fill and it would hang.
  let broken: Error | undefined;
  output.catch((error: Error) => {
    broken = error;
    running.kill('SIGKILL');
  });
  const stopped = await endWithGrace({ ended: running.ended, kill: running.kill, timeoutMs, signal });
  const end = { ...(await endOrGiveUp(running, stopped !== undefined)) };
  // Children that outlive the command may hold its pipes open: they go first.
  for (const step of [() => workspace.endProcesses(), () => outputOrNoMore(running, output)])
    await step().catch((error: Error) => {
      end.error ??= broken ?? error;
    });
  return { ...end, stopped };
}

/** How long a killed process may take to be gone; one that waits for a dead disk or network never is. */
const KILLED_MS = 10_000;

/** Waits for the end of the command, but for a stopped one not for ever: closing its workspace ends the rest. */
async function endOrGiveUp(running: Running, isStopped: boolean): Running['ended'] {
  if (isStopped && (await firstOf(running.ended, KILLED_MS)) !== undefined) {
    running.stdout.destroy();
    running.stderr.destroy();
    const error = new Error(`it was still running ${KILLED_MS / 1000} s after it was killed`);
    return { exitCode: null, signal: 'SIGKILL', error };
  }
  return await running.ended;
}

/**
 * Waits for the end of the output. Without namespaces a process that shed every mark may live on and hold the pipes
 * open: what it prints after the grace period is nobody's, and the task must end.
 */
async function outputOrNoMore(running: Running, output: Promise<unknown>): Promise<void> {
  if ((await firstOf(output, GRACE_MS)) === undefined) {
    await output;
    return;
  }
  running.stdout.destroy();
  running.stderr.destroy();
  await output.catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  });
}

/** `exit code 3` or `killed by SIGSEGV`. */
export function howItEnded(ended: Ended): string {
  return ended.signal ? `killed by ${ended.signal}` : `exit code ${ended.exitCode}`;
}
