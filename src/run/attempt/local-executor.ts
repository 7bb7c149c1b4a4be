import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Adapter, AgentEvent } from '../../agents/index.js';
import type { EventBody } from '../../journal/index.js';
import { makeFolder } from '../../util/files/make-folder.js';
import { removeTree } from '../../util/files/remove-tree.js';
import { listed } from '../../util/text/count.js';
import {
  type Backend,
  composeChangesets,
  type FoundChange,
  gitIgnored,
  makeTemporary,
  sortChanges,
  type Workspace,
} from '../../workspace/index.js';
import type { Redactor } from '../secrets/redactor.js';
import type { AttemptRequest, AttemptResult, Executor } from './executor.js';
import { filesDoneCounter } from './files-done.js';
import { inheritedEnvironment } from './inherited-environment.js';
import { OutputLog, Tail } from './output.js';
import { createOutputLimit } from './output-events.js';
import { type Ended, howItEnded, supervise } from './supervise.js';

/** How often the number of changed files is looked at, in milliseconds. */
const PROGRESS_MS = 1_000;
/** Characters of verify's output that a retry's prompt gets, and of standard error that an adapter gets to judge. */
const TAIL = 4_096;

type Emit = (event: EventBody) => void;

/** Runs attempts as processes on this machine, in workspaces of one backend. */
export class LocalExecutor implements Executor {
  constructor(
    private readonly backend: Backend,
    private readonly adapter: (name: string) => Promise<Adapter>,
    private readonly redactor: Redactor,
  ) {}

  async run(request: AttemptRequest, emit: Emit, signal: AbortSignal): Promise<AttemptResult> {
    let workspace: Workspace | undefined;
    let scratch: string | undefined;
    try {
      const task = dirname(request.dir);
      for (const folder of [dirname(task), task, request.dir]) await makeFolder(folder);
      scratch = makeTemporary('attempt');
      workspace = await this.backend.open({
        root: request.root,
        start: composeChangesets(request.start),
        name: request.name,
        base: request.base,
      });
      return await this.#attempt(request, workspace, scratch, emit, signal);
    } catch (error) {
      return failed('error', (error as Error).message);
    } finally {
      await cleanUp(request, emit, workspace, scratch);
    }
  }

  async #attempt(
    request: AttemptRequest,
    workspace: Workspace,
    scratch: string,
    emit: Emit,
    signal: AbortSignal,
  ): Promise<AttemptResult> {
    const { task } = request;
    const env = taskEnvironment(request, workspace);
    const log = new OutputLog(join(request.dir, 'output.log'), { redactor: this.redactor });
    try {
      const adapter = await this.adapter(task.agent);
      if (request.prompt) {
        await writeFile(join(request.dir, 'prompt.md'), this.redactor.text(request.prompt));
      }
      const command = await adapter.prepare({
        task,
        attempt: request.attempt,
        prompt: request.prompt,
        workspacePath: workspace.path,
        root: request.root,
        scratch,
        env,
        others: request.others,
        caseInsensitive: request.caseInsensitive,
      });
      const reader = adapter.reader();
      const stderr = new Tail(TAIL);
      const output = outputEvents(request, emit);
      const stopProgress = reportProgress(request, workspace, emit);
      const ended = await supervise(
        workspace,
        { ...command, capabilities: task.capabilities },
        {
          timeoutMs: task.timeout,
          signal,
          log,
          onLine: (stream, text) => {
            if (stream === 'stderr') stderr.add(text);
            if (stream === 'stderr' || !adapter.takesPrompt) output(stream, text);
          },
          // Masked before it was decoded, a secret that is a word of the agent's own JSON would break it, and one that
          // JSON escapes would come out of it: the journal masks what it meant.
          ...(adapter.takesPrompt && {
            onWritten: (text) => {
              for (const event of reader.line(text)) emit(agentEvent(request, event));
            },
          }),
        },
      );
      await stopProgress();
      const verdict = judge(ended, reader.finish({ ...ended, stderrTail: stderr.text }), task.timeout);
      const collected = await this.#collect(request, workspace, adapter);
      const result: AttemptResult = { ...collected, exitCode: ended.exitCode, signal: ended.signal };
      if (verdict) return { ...result, ...verdict };
      if (collected.strays.length > 0) {
        return { ...result, outcome: 'strays', reason: strayReason(task.owns.length > 0, collected.strays) };
      }
      if (task.verify === undefined) return { ...result, outcome: 'succeeded' };
      return { ...result, ...(await this.#verify(request, task.verify, workspace, env, log, emit, signal)) };
    } finally {
      await log.close();
    }
  }

  /**
   * Collects before `verify` runs: what a check writes (coverage, caches) is not the task's work. Nothing is stored of
   * what is not the task's to change: the output of a build can be far larger than the work.
   */
  async #collect(request: AttemptRequest, workspace: Workspace, adapter: Adapter) {
    const into = join(request.dir, 'changeset');
    let strays: string[] = [];
    let dropped = 0;
    const choose = async (found: readonly FoundChange[]): Promise<FoundChange[]> => {
      const sorted = sortChanges(found, request.owned);
      const unowned = sorted.strays.map(({ path }) => path);
      const ignored = await gitIgnored(request.root, unowned);
      strays = unowned.filter((path) => !ignored.has(path));
      dropped = unowned.length - strays.length + sorted.dropped.length;
      return adapter.normaliseNewFileModes ? sorted.kept.map(withUsualMode) : sorted.kept;
    };
    const { changeset, special, reserved, outside } = await workspace
      .collect(into, choose)
      .catch(async (error: unknown) => {
        // On a full disk the half of it that is there would leave no room even for saying so.
        await removeTree(into);
        throw error;
      });
    dropped += special.length + reserved.length;
    return { outcome: 'succeeded' as const, changeset, strays: [...outside, ...strays], dropped };
  }

  async #verify(
    request: AttemptRequest,
    verify: string,
    workspace: Workspace,
    env: Readonly<Record<string, string>>,
    log: OutputLog,
    emit: Emit,
    signal: AbortSignal,
  ): Promise<Partial<AttemptResult>> {
    log.note(`--- verify: ${verify}\n`);
    const tail = new Tail(TAIL);
    const output = outputEvents(request, emit);
    const ended = await supervise(
      workspace,
      { argv: ['sh', '-c', verify], env, capabilities: request.task.capabilities },
      {
        timeoutMs: request.task.timeout,
        signal,
        log,
        onLine: (stream, text) => {
          tail.add(text);
          output(stream, text);
        },
      },
    );
    if (ended.error) return { outcome: 'error', reason: ended.error.message };
    if (ended.stopped === 'cancelled') return { outcome: 'cancelled', reason: 'interrupted during verify' };
    if (ended.stopped === 'timeout') {
      return {
        outcome: 'timeout',
        reason: `verify took longer than ${seconds(request.task.timeout)}`,
        verifyOutput: tail.text,
      };
    }
    if (ended.exitCode === 0) return { outcome: 'succeeded' };
    return {
      outcome: 'verify',
      reason: `verify failed (${howItEnded(ended)}): ${verify}`,
      exitCode: ended.exitCode,
      signal: ended.signal,
      verifyOutput: tail.text,
    };
  }
}

/** The environment of a task: forge's own, the plan's and task's `env`, and where it is. */
export function taskEnvironment(
  request: Pick<AttemptRequest, 'run' | 'task' | 'attempt'>,
  workspace: Pick<Workspace, 'path'>,
): Record<string, string> {
  return {
    ...inheritedEnvironment(),
    ...request.task.env,
    PWD: workspace.path,
    FORGE_RUN: request.run,
    FORGE_TASK: request.task.id,
    FORGE_TRY: String(request.attempt),
  };
}

function judge(
  ended: Ended,
  verdict: ReturnType<ReturnType<Adapter['reader']>['finish']>,
  timeoutMs: number,
): Pick<AttemptResult, 'outcome' | 'reason' | 'retryAfterMs'> | undefined {
  if (ended.stopped === 'cancelled') return { outcome: 'cancelled', reason: 'interrupted' };
  if (ended.stopped === 'timeout')
    return { outcome: 'timeout', reason: `took longer than ${seconds(timeoutMs)}` };
  if (ended.error) return { outcome: 'error', reason: ended.error.message };
  if (verdict.ok) return undefined;
  if (!verdict.rateLimited) return { outcome: 'exit', reason: verdict.reason };
  const { retryAfterMs } = verdict.rateLimited;
  return {
    outcome: 'rate-limited',
    reason: verdict.reason,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
}

function strayReason(ownsSomething: boolean, strays: readonly string[]): string {
  const shown = listed(strays, 5);
  return ownsSomething
    ? `changed files outside what it owns: ${shown}`
    : `owns nothing, so it must change nothing, but changed ${shown}`;
}

/** Some agents create files as 0600 whatever the umask: gives such a new file the mode that umask would give. */
function withUsualMode(entry: FoundChange): FoundChange {
  if (entry.kind !== 'file' || entry.change !== 'created' || entry.mode !== 0o600) return entry;
  return { ...entry, mode: 0o666 & ~process.umask() };
}

function outputEvents(
  request: AttemptRequest,
  emit: Emit,
): (stream: 'stdout' | 'stderr', text: string) => void {
  const limit = createOutputLimit();
  return (stream, line) => {
    const text = limit(line);
    if (text !== undefined) {
      emit({ type: 'attempt.output', task: request.task.id, attempt: request.attempt, stream, text });
    }
  };
}

function agentEvent(request: AttemptRequest, event: AgentEvent): EventBody {
  const about = { task: request.task.id, attempt: request.attempt };
  switch (event.type) {
    case 'message':
      return { type: 'agent.message', ...about, text: event.text };
    case 'tool':
      return {
        type: 'agent.tool',
        ...about,
        tool: event.tool,
        summary: event.summary,
        ...(event.error && { error: true }),
      };
    case 'usage': {
      const { inputTokens, outputTokens, turns } = event;
      return {
        type: 'agent.usage',
        ...about,
        inputTokens,
        outputTokens,
        ...(turns !== undefined && { turns }),
      };
    }
    default:
      return event satisfies never;
  }
}

/** Emits `attempt.progress` when the number of changed files changes; gives the function that stops it. */
function reportProgress(request: AttemptRequest, workspace: Workspace, emit: Emit): () => Promise<void> {
  const { task, attempt } = request;
  const countDone = task.part && filesDoneCounter(workspace.outsidePath, task.part.files);
  let last = 0;
  let lastDone = 0;
  let looking: Promise<void> | undefined;
  const look = async () => {
    // A failure here costs a number in the live table; what matters is found by collect().
    const changed = await workspace.filesChanged().catch(() => undefined);
    const filesDone = countDone?.();
    const files = changed ?? filesDone ?? 0;
    if (files === last && (filesDone ?? 0) === lastDone) return;
    last = files;
    lastDone = filesDone ?? 0;
    emit({
      type: 'attempt.progress',
      task: task.id,
      attempt,
      files,
      ...(filesDone !== undefined && { filesDone }),
    });
  };
  const timer = setInterval(() => {
    looking ??= look().finally(() => {
      looking = undefined;
    });
  }, PROGRESS_MS);
  return async () => {
    clearInterval(timer);
    await looking;
  };
}

function seconds(ms: number): string {
  return ms >= 60_000 && ms % 60_000 === 0 ? `${ms / 60_000}m` : `${ms / 1000}s`;
}

/** Closes the workspace and removes scratch. What can't be removed costs disk, not the attempt: the next forge command sweeps it. */
async function cleanUp(
  { task, attempt }: AttemptRequest,
  emit: Emit,
  workspace: Workspace | undefined,
  scratch: string | undefined,
): Promise<void> {
  try {
    await workspace?.close();
    if (scratch) await removeTree(scratch);
  } catch (error) {
    const text = `forge could not clean up after this attempt; the next forge command does: ${(error as Error).message}`;
    emit({ type: 'attempt.output', task: task.id, attempt, stream: 'stderr', text });
  }
}

function failed(outcome: 'error', reason: string): AttemptResult {
  return { outcome, reason, exitCode: null, signal: null, strays: [], dropped: 0 };
}
