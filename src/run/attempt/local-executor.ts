import { existsSync, mkdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Adapter, Verdict } from '../../agents/index.js';
import { type Base, loadBase } from '../../merge/index.js';
import { createMatcher, type PathMatcher } from '../../ownership/index.js';
import { isMade } from '../../util/errors.js';
import { removeTree } from '../../util/files/remove-tree.js';
import { type Backend, composeChangesets, makeTemporary, type Workspace } from '../../workspace/index.js';
import type { Redactor } from '../secrets/redactor.js';
import { collectWork, strayReason } from './collect.js';
import { aboutOf, agentEvent, type Emit, outputEvents } from './events.js';
import type { AttemptRequest, AttemptResult, Executor } from './executor.js';
import { inheritedEnvironment } from './inherited-environment.js';
import { OutputLog, Tail } from './output.js';
import { reportProgress } from './progress.js';
import { type Ended, howItEnded, supervise } from './supervise.js';

/** Characters of verify's output that a retry's prompt gets, and of standard error that an adapter gets to judge. */
const TAIL = 4_096;

/** Runs attempts as processes on this machine, in workspaces of one backend. */
export class LocalExecutor implements Executor {
  readonly #bases = new Map<string, Promise<Base>>();
  readonly #inherited = inheritedEnvironment();

  constructor(
    private readonly backend: Backend,
    private readonly adapter: (name: string) => Promise<Adapter>,
    private readonly redactor: Redactor,
  ) {}

  async run(request: AttemptRequest, emit: Emit, signal: AbortSignal): Promise<AttemptResult> {
    let workspace: Workspace | undefined;
    let scratch: string | undefined;
    const makeScratch = () => {
      scratch ??= makeTemporary('attempt');
      return scratch;
    };
    try {
      const task = dirname(request.dir);
      if (!existsSync(task)) for (const folder of [dirname(task), task]) isMade(() => mkdirSync(folder));
      isMade(() => mkdirSync(request.dir));
      const owned = createMatcher(
        request.task.owns.map(({ text }) => text),
        { caseInsensitive: request.caseInsensitive },
      );
      workspace = await this.#open(request, owned);
      const log = new OutputLog(join(request.dir, 'output.log'), this.redactor);
      try {
        const adapter = await this.adapter(request.task.agent);
        const attempt = new Attempt({
          request,
          owned,
          workspace,
          makeScratch,
          adapter,
          inherited: this.#inherited,
          log,
          emit,
          signal,
        });
        return await attempt.run(this.redactor.text(request.prompt));
      } finally {
        await log.close();
      }
    } catch (error) {
      const reason = (error as Error).message;
      return { outcome: 'error', reason, exitCode: null, signal: null, strays: [], dropped: 0 };
    } finally {
      await cleanUp(request, emit, workspace, scratch);
    }
  }

  async #open({ root, start, name, base: dir }: AttemptRequest, owned: PathMatcher): Promise<Workspace> {
    let loading = this.#bases.get(dir);
    if (!loading) {
      loading = loadBase(dir);
      this.#bases.set(dir, loading);
    }
    const base = await loading;
    return await this.backend.open({
      root,
      start: composeChangesets(start),
      name,
      base: { lookup: (path) => base.lookup(path, owned) },
    });
  }
}

/** An attempt whose workspace is open. */
class Attempt {
  readonly #env: Readonly<Record<string, string>>;

  constructor(
    private readonly it: {
      request: AttemptRequest;
      /** Whether a path is the task's to write. */
      owned: PathMatcher;
      workspace: Workspace;
      /** Gives a folder for what the adapter needs. */
      makeScratch: () => string;
      adapter: Adapter;
      /** What every command gets from the shell that started forge. */
      inherited: Readonly<Record<string, string>>;
      log: OutputLog;
      emit: Emit;
      signal: AbortSignal;
    },
  ) {
    this.#env = { ...it.inherited, ...taskEnvironment(it.request, it.workspace) };
  }

  /** `shownPrompt` is what is kept of the prompt. */
  async run(shownPrompt: string): Promise<AttemptResult> {
    const { request, owned, workspace, adapter } = this.it;
    const { task, dir } = request;
    if (request.prompt) await writeFile(join(dir, 'prompt.md'), shownPrompt);
    const { ended, verdict } = await this.#work();
    const failure = failureOf(ended, verdict, task.timeout);
    // Before `verify` runs: what a check writes (coverage, caches) is not the task's work.
    const work = await collectWork(request, owned, workspace, adapter.normaliseNewFileModes);
    const { exitCode, signal } = ended;
    const result: AttemptResult = { outcome: 'succeeded', ...work, exitCode, signal };
    if (failure) return { ...result, ...failure };
    if (work.strays.length > 0)
      return { ...result, outcome: 'strays', reason: strayReason(task.owns.length > 0, work.strays) };
    return task.verify === undefined ? result : { ...result, ...(await this.#verify(task.verify)) };
  }

  /** Runs the task's agent or command. */
  async #work(): Promise<{ ended: Ended; verdict: Verdict }> {
    const { request, workspace, makeScratch, adapter, log, emit, signal } = this.it;
    const { task } = request;
    const env = this.#env;
    const command = await adapter.prepare({
      ...request,
      workspacePath: workspace.path,
      // Only those that ask for it have one.
      get scratch() {
        return makeScratch();
      },
      env,
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
        onWritten: adapter.takesPrompt
          ? (text) => {
              for (const event of reader.line(text)) emit(agentEvent(request, event));
            }
          : undefined,
      },
    );
    await stopProgress();
    return { ended, verdict: reader.finish({ ...ended, stderrTail: stderr.text }) };
  }

  /** Runs the task's check of its own work; gives what that changes about the result. */
  async #verify(verify: string): Promise<Partial<AttemptResult>> {
    const { request, workspace, log, emit, signal } = this.it;
    const { capabilities, timeout } = request.task;
    await log.note(`--- verify: ${verify}\n`);
    const tail = new Tail(TAIL);
    const output = outputEvents(request, emit);
    const ended = await supervise(
      workspace,
      { argv: ['sh', '-c', verify], env: this.#env, capabilities },
      {
        timeoutMs: timeout,
        signal,
        log,
        onLine: (stream, text) => {
          tail.add(text);
          output(stream, text);
        },
      },
    );
    const failure = stopOf(ended, timeout, 'verify');
    if (failure?.outcome === 'timeout') return { ...failure, verifyOutput: tail.text };
    if (failure || ended.exitCode === 0) return failure ?? {};
    return {
      outcome: 'verify',
      reason: `verify failed (${howItEnded(ended)}): ${verify}`,
      exitCode: ended.exitCode,
      signal: ended.signal,
      verifyOutput: tail.text,
    };
  }
}

/** What a task's environment has beside forge's own: the plan's and task's `env`, and where it is. */
function taskEnvironment(
  request: Pick<AttemptRequest, 'run' | 'task' | 'attempt'>,
  workspace: Pick<Workspace, 'path'>,
): Record<string, string> {
  return {
    ...request.task.env,
    PWD: workspace.path,
    FORGE_RUN: request.run,
    FORGE_TASK: request.task.id,
    FORGE_TRY: String(request.attempt),
  };
}

type Failure = Pick<AttemptResult, 'outcome' | 'reason' | 'retryAfterMs'>;

/** Why the work failed; undefined where, as far as its end tells, it did not. */
function failureOf(ended: Ended, verdict: Verdict, timeoutMs: number): Failure | undefined {
  const stopped = stopOf(ended, timeoutMs);
  if (stopped || verdict.ok) return stopped;
  const { reason, rateLimited } = verdict;
  if (!rateLimited) return { outcome: 'exit', reason };
  return { outcome: 'rate-limited', reason, retryAfterMs: rateLimited.retryAfterMs };
}

/** Why a command was ended by forge, or could not run. */
function stopOf(ended: Ended, timeoutMs: number, what?: 'verify'): Failure | undefined {
  const { stopped, error } = ended;
  if (stopped === 'cancelled')
    return { outcome: 'cancelled', reason: what ? `interrupted during ${what}` : 'interrupted' };
  if (stopped === 'timeout')
    return { outcome: 'timeout', reason: `${what ? `${what} ` : ''}took longer than ${seconds(timeoutMs)}` };
  return error && { outcome: 'error', reason: error.message };
}

function seconds(ms: number): string {
  return ms >= 60_000 && ms % 60_000 === 0 ? `${ms / 60_000}m` : `${ms / 1000}s`;
}

/** Closes the workspace and removes scratch. What can't be removed costs disk, not the attempt: the next forge command sweeps it. */
async function cleanUp(
  request: AttemptRequest,
  emit: Emit,
  workspace: Workspace | undefined,
  scratch: string | undefined,
): Promise<void> {
  try {
    await workspace?.close();
    if (scratch) await removeTree(scratch);
  } catch (error) {
    const text = `forge could not clean up after this attempt; the next forge command does: ${(error as Error).message}`;
    emit({ type: 'attempt.output', ...aboutOf(request), stream: 'stderr', text });
  }
}
