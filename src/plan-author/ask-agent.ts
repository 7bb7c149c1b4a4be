import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Adapter, AgentEvent, Question } from '../agents/index.js';
import { ExitCode } from '../util/errors/exit-code.js';
import { ForgeError } from '../util/errors/forge-error.js';
import { codeOf } from '../util/errors/system-error.js';
import { removeTree } from '../util/files/remove-tree.js';
import { makeTemporary } from '../workspace/index.js';

/** Longest time for one answer. droid alone spends up to five minutes on a provider that fails (NOTES-droid). */
const LONGEST_ANSWER_MS = 20 * 60_000;
/** How long an agent that was asked to end gets before it is killed. */
const GRACE_MS = 5_000;
const STDERR_TAIL = 4096;

export interface AskOptions extends Omit<Question, 'scratch' | 'env'> {
  adapter: Adapter;
  env: Readonly<Record<string, string>>;
  /** Ends the agent. */
  signal: AbortSignal;
  onEvent: (event: AgentEvent) => void;
}

/**
 * Asks an agent that may only read; gives the last thing it said. Every process it started ends with it. Throws
 * ForgeError: the agent cannot be kept from writing or is not there (2), or it failed (1), also when `signal` ended it.
 */
export async function askAgent({ adapter, signal, onEvent, ...question }: AskOptions): Promise<string> {
  if (adapter.prepareQuestion === undefined)
    throw new ForgeError(
      `the agent ${adapter.name} cannot write plans: it has no read-only mode`,
      ExitCode.invalid,
    );
  const scratch = makeTemporary('plan');
  try {
    const { argv, env } = await adapter.prepareQuestion({ ...question, scratch });
    const [program, ...args] = argv as [string, ...string[]];
    // A process group of its own, so that Ctrl-C reaches forge first and forge can end all of it.
    const child = spawn(program, args, {
      cwd: question.root,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const reader = adapter.reader();
    let answer = '';
    let stderrTail = '';
    createInterface({ input: child.stdout }).on('line', (line) => {
      for (const event of reader.line(line)) {
        if (event.type === 'message') answer = event.text;
        onEvent(event);
      }
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderrTail = (stderrTail + chunk.toString()).slice(-STDERR_TAIL);
    });
    const why = await untilItEnds(child, signal);
    const verdict = reader.finish({ exitCode: child.exitCode, signal: child.signalCode, stderrTail });
    if (why !== undefined) throw new ForgeError(`${adapter.name} ${why}`);
    if (!verdict.ok) throw new ForgeError(`${adapter.name} could not write a plan: ${verdict.reason}`);
    return answer;
  } finally {
    await removeTree(scratch);
  }
}

/** Waits for the end of a process and its output; gives why forge ended it, if it did. */
async function untilItEnds(child: ChildProcess, signal: AbortSignal): Promise<string | undefined> {
  const closed = once(child, 'close');
  let why: string | undefined;
  let killer: NodeJS.Timeout | undefined;
  const end = (reason: string) => {
    why ??= reason;
    killGroup(child, 'SIGTERM');
    killer ??= setTimeout(() => killGroup(child, 'SIGKILL'), GRACE_MS);
  };
  const onAbort = () => end('was interrupted');
  const timer = setTimeout(
    () => end(`took longer than ${LONGEST_ANSWER_MS / 60_000} minutes`),
    LONGEST_ANSWER_MS,
  );
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) onAbort();
  try {
    // What it leaves behind would hold its output open.
    child.once('exit', () => killGroup(child, 'SIGKILL'));
    await closed;
  } finally {
    clearTimeout(timer);
    clearTimeout(killer);
    signal.removeEventListener('abort', onAbort);
  }
  return why;
}

function killGroup({ pid }: ChildProcess, name: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, name);
  } catch (error) {
    // ESRCH: all of it has ended.
    if (codeOf(error) !== 'ESRCH') throw error;
  }
}
