import type { Adapter, AgentEvent, Question } from '../agents/index.js';
import { ForgeError, invalid } from '../util/errors.js';
import { removeTree } from '../util/files/remove-tree.js';
import { GRACE_MS } from '../util/process/end-with-grace.js';
import { run } from '../util/process/run-program.js';
import { makeTemporary } from '../workspace/index.js';

/** Longest time for one answer. droid alone spends up to five minutes on a provider that fails (NOTES-droid). */
const LONGEST_ANSWER_MS = 20 * 60_000;
const STDERR_TAIL = 4096;

interface AskOptions extends Omit<Question, 'scratch'> {
  adapter: Adapter;
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
    throw invalid(`the agent ${adapter.name} cannot write plans: it has no read-only mode`);
  const scratch = makeTemporary('plan');
  try {
    const { argv, env } = await adapter.prepareQuestion({ ...question, scratch });
    const [program, ...args] = argv;
    const reader = adapter.reader();
    let answer = '';
    const {
      exitCode,
      signal: endedBy,
      stderr,
      stopped,
      notStarted,
    } = await run(program, args, {
      cwd: question.root,
      env,
      onLine: (line) => {
        for (const event of reader.line(line)) {
          if (event.type === 'message') answer = event.text;
          onEvent(event);
        }
      },
      timeoutMs: LONGEST_ANSWER_MS,
      signal,
      graceMs: GRACE_MS,
      endsGroup: true,
    });
    if (notStarted !== undefined) throw notStarted;
    const verdict = reader.finish({ exitCode, signal: endedBy, stderrTail: stderr.slice(-STDERR_TAIL) });
    if (stopped !== undefined) {
      const why =
        stopped === 'timeout' ? `took longer than ${LONGEST_ANSWER_MS / 60_000} minutes` : 'was interrupted';
      throw new ForgeError(`${adapter.name} ${why}`);
    }
    if (!verdict.ok) throw new ForgeError(`${adapter.name} could not write a plan: ${verdict.reason}`);
    return answer;
  } finally {
    await removeTree(scratch);
  }
}
