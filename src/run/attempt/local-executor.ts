import { existsSync, mkdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Adapter, loadAdapter, type Verdict } from '../../agents/index.js';
import type { EventBody } from '../../journal/index.js';
import { type Base, loadBase } from '../../merge/index.js';
import { createMatcher, type PathMatcher } from '../../ownership/index.js';
import { isMade } from '../../util/errors.js';
import { removeTree } from '../../util/files/remove-tree.js';
import { type Backend, composeChangesets, makeTemporary, type Workspace } from '../../workspace/index.js';
import type { Redactor } from '../secrets/redactor.js';
import { collectWork, strayReason } from './collect.js';
import { aboutOf, type Emit, outputEvents } from './events.js';
import type { AttemptRequest, AttemptResult, Executor } from './executor.js';
import { inheritedEnvironment } from './inherited-environment.js';
import { OutputLog, Tail } from './output.js';
import { reportProgress } from './progress.js';
import { type Ended, howItEnded, supervise } from './supervise.js';

/** Runs attempts as processes on this machine, in workspaces of one backend. */
export function localExecutor(backend: Backend, redactor: Redactor): Executor {
  const inherited = inheritedEnvironment();
  const bases = new Map<string, Promise<Base>>();
  const baseIn = (dir: string) => {
    const loading = bases.get(dir) ?? loadBase(dir);
    bases.set(dir, loading);
    return loading;
  };
  return async (request, emit, signal) => {
    const { root, task, dir, start, name } = request;
    let workspace: Workspace | undefined;
    let scratch: string | undefined;
    const makeScratch = () => {
      scratch ??= makeTemporary('attempt');
      return scratch;
    };
    try {
      const above = dirname(dir);
      if (!existsSync(above)) for (const folder of [dirname(above), above]) isMade(() => mkdirSync(folder));
      isMade(() => mkdirSync(dir));
      const patterns = task.owns.map(({ text }) => text);
      const owned = createMatcher(patterns, { caseInsensitive: request.caseInsensitive });
      const recorded = await baseIn(request.base);
      const base = { lookup: (path: string) => recorded.lookup(path, owned) };
      workspace = await backend.open({ root, start: composeChangesets(start), name, base });
      const env = {
        ...inherited,
        ...task.env,
        PWD: workspace.path,
        FORGE_RUN: request.run,
        FORGE_TASK: task.id,
        FORGE_TRY: String(request.attempt),
      };
      if (request.prompt) await writeFile(join(dir, 'prompt.md'), redactor.text(request.prompt));
      const adapter = await loadAdapter(task.agent);
      const log = new OutputLog(join(dir, 'output.log'), redactor);
      try {
        return await runAttempt({ request, owned, workspace, makeScratch, adapter, env, log, emit, signal });
      } finally {
        await log.close();
      }
    } catch (error) {
      const reason = (error as Error).message;
      return { outcome: 'error', reason, exitCode: null, signal: null, strays: [], dropped: 0 };
    } finally {
      await cleanUp(request, emit, workspace, scratch);
    }
  };
}

/** An attempt whose workspace is open. */
interface Attempt {
  request: AttemptRequest;
  /** Whether a path is the task's to write. */
  owned: PathMatcher;
  workspace: Workspace;
  /** Gives a folder for what the adapter needs. */
  makeScratch: () => string;
  adapter: Adapter;
  env: Readonly<Record<string, string>>;
  log: OutputLog;
  emit: Emit;
  signal: AbortSignal;
}

async function runAttempt(attempt: Attempt): Promise<AttemptResult> {
  const { request, owned, workspace, adapter } = attempt;
  const { task } = request;
  const { ended, verdict } = await work(attempt);
  const failure = failureOf(ended, verdict, task.timeout);
  // Before `verify` runs: what a check writes (coverage, caches) is not the task's work.
  const made = await collectWork(request, owned, workspace, adapter.normaliseNewFileModes);
  const { exitCode, signal } = ended;
  const result: AttemptResult = { outcome: 'succeeded', ...made, exitCode, signal };
  if (failure) return { ...result, ...failure };
  if (made.strays.length > 0)
    return { ...result, outcome: 'strays', reason: strayReason(task.owns.length > 0, made.strays) };
  return task.verify === undefined ? result : { ...result, ...(await verify(attempt, task.verify)) };
}

/** Runs the task's agent or command. */
async function work(attempt: Attempt): Promise<{ ended: Ended; verdict: Verdict }> {
  const { request, workspace, makeScratch, adapter, env, log, emit, signal } = attempt;
  const { timeout, capabilities } = request.task;
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
  const stderr = new Tail();
  const output = outputEvents(request, emit);
  const stopProgress = reportProgress(request, workspace, emit);
  const ended = await supervise(
    workspace,
    { ...command, capabilities },
    {
      timeoutMs: timeout,
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
            for (const { type, ...meant } of reader.line(text))
              emit({ type: `agent.${type}`, ...aboutOf(request), ...meant } as EventBody);
          }
        : undefined,
    },
  );
  await stopProgress();
  return { ended, verdict: reader.finish({ ...ended, stderrTail: stderr.text }) };
}

/** Runs the task's check of its own work; gives what that changes about the result. */
async function verify(attempt: Attempt, check: string): Promise<Partial<AttemptResult>> {
  const { request, workspace, env, log, emit, signal } = attempt;
  const { capabilities, timeout } = request.task;
  await log.note(`--- verify: ${check}\n`);
  const tail = new Tail();
  const output = outputEvents(request, emit);
  const onLine = (stream: 'stdout' | 'stderr', text: string) => {
    tail.add(text);
    output(stream, text);
  };
  const command = { argv: ['sh', '-c', check], env, capabilities } as const;
  const ended = await supervise(workspace, command, { timeoutMs: timeout, signal, log, onLine });
  const failure = stopOf(ended, timeout, 'verify');
  if (failure?.outcome === 'timeout') return { ...failure, verifyOutput: tail.text };
  if (failure || ended.exitCode === 0) return failure ?? {};
  return {
    outcome: 'verify',
    reason: `verify failed (${howItEnded(ended)}): ${check}`,
    exitCode: ended.exitCode,
    signal: ended.signal,
    verifyOutput: tail.text,
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
