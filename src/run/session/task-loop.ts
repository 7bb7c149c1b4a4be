import { setMaxListeners } from 'node:events';
import { renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { renderPrompt } from '../../agents/index.js';
import type { EventBody } from '../../journal/index.js';
import type { Pattern, Task } from '../../plan/index.js';
import { syncPath } from '../../util/files/content.js';
import { onceFilesCanBeOpened } from '../../util/files/file-handles.js';
import { removeTree } from '../../util/files/remove-tree.js';
import type { Changeset } from '../../workspace/index.js';
import type { AttemptResult, Executor } from '../attempt/executor.js';
import { countChanges } from '../integration/changes.js';
import { RateLimits } from '../schedule/rate-limit.js';
import { Scheduler } from '../schedule/scheduler.js';
import { type SelectedTask, schedulable } from '../schedule/select-tasks.js';
import type { PreparedRun } from './prepare.js';

/** How the tasks ended. */
export interface TasksResult {
  /** Changeset of every task that succeeded, now or before. */
  changesets: ReadonlyMap<string, Changeset>;
  failed: readonly string[];
}

/**
 * Runs tasks as the scheduler says until none is left, one fails (without keepGoing) or `signal` aborts. What is
 * running when a task fails is left to finish, as make does; what has not started is skipped. Everything that happens
 * goes to the journal.
 */
export async function runTasks(
  run: PreparedRun,
  executor: Executor,
  signal: AbortSignal,
): Promise<TasksResult> {
  return await new TaskLoop(run, executor, signal).run();
}

class TaskLoop {
  readonly #scheduler: Scheduler;
  readonly #limits: RateLimits;
  readonly #byId: ReadonlyMap<string, SelectedTask>;
  readonly #changesets: Map<string, Changeset>;
  readonly #running = new Map<string, Promise<void>>();
  readonly #failed: string[] = [];
  readonly #broken = new AbortController();
  readonly #signal: AbortSignal;

  constructor(
    private readonly prepared: PreparedRun,
    private readonly executor: Executor,
    signal: AbortSignal,
  ) {
    const { plan, request, tasks, done } = prepared;
    this.#signal = AbortSignal.any([signal, this.#broken.signal]);
    // Every running task listens; Node would take more than ten for a leak.
    setMaxListeners(0, this.#signal);
    this.#changesets = new Map(done);
    const concurrency = request.jobs ?? plan.concurrency;
    this.#limits = new RateLimits(concurrency);
    this.#byId = new Map(tasks.map((entry) => [entry.task.id, entry]));
    const options = { concurrency, locks: plan.locks, done: new Set(done.keys()) };
    this.#scheduler = new Scheduler(tasks.map(schedulable), options);
  }

  async run(): Promise<TasksResult> {
    const stop = () => this.#giveUp('cancelled', 'interrupted before it started');
    this.#signal.addEventListener('abort', stop);
    try {
      if (this.#signal.aborted) stop();
      while (!this.#scheduler.finished) {
        this.#launch();
        await Promise.race(this.#running.values());
      }
    } catch (error) {
      // forge itself failed (the journal could not be written, …): nothing may go on running behind the message.
      this.#broken.abort();
      await Promise.allSettled(this.#running.values());
      throw error;
    } finally {
      this.#signal.removeEventListener('abort', stop);
    }
    return { changesets: this.#changesets, failed: this.#failed };
  }

  #launch(): void {
    if (this.#signal.aborted) return;
    for (const task of this.#scheduler.takeNewlyReady()) this.#emit({ type: 'task.ready', task });
    this.#scheduler.options.concurrency = this.#limits.limit;
    const { start, waiting } = this.#scheduler.decide();
    for (const { id, locks, holders } of waiting)
      this.#emit({ type: 'task.waiting', task: id, locks, holders });
    for (const id of start) {
      const { task } = this.#byId.get(id)!;
      this.#running.set(
        id,
        this.#runTask(task).finally(() => this.#running.delete(id)),
      );
    }
  }

  async #runTask(task: Task): Promise<void> {
    const began = performance.now();
    const { attempts, result } = await this.#attempts(task);
    const about = { task: task.id, attempts, ms: Math.round(performance.now() - began) };
    if (result.outcome === 'succeeded' && result.changeset) {
      const changeset = await this.#keep(task, result.changeset);
      this.#changesets.set(task.id, changeset);
      this.#emit({
        type: 'task.finished',
        ...about,
        state: 'succeeded',
        changes: countChanges(changeset.entries),
        dropped: result.dropped > 0 ? result.dropped : undefined,
      });
      this.#scheduler.ended(task.id, true);
      return;
    }
    const state = result.outcome === 'cancelled' ? 'cancelled' : 'failed';
    if (state === 'failed') this.#failed.push(task.id);
    this.#emit({ type: 'task.finished', ...about, state, changes: 0, reason: result.reason });
    for (const id of this.#scheduler.ended(task.id, false))
      this.#notRun(id, 'skipped', `${task.id} ${state}`);
    if (state === 'failed' && !this.prepared.request.keepGoing) this.#giveUp('skipped', `${task.id} failed`);
  }

  /** Tries until it succeeds, may not be tried again, or is interrupted. Rate-limited tries don't count. */
  async #attempts(task: Task): Promise<{ attempts: number; result: AttemptResult }> {
    let last: AttemptResult | undefined;
    let limited = 0;
    for (let attempt = 1; ; ) {
      const result = await this.#try(task, attempt, last);
      const again = !this.#signal.aborted && result.outcome !== 'succeeded' && result.outcome !== 'cancelled';
      const waitMs =
        result.outcome === 'rate-limited' ? this.#limits.hit(++limited, result.retryAfterMs) : undefined;
      const retry = again && (waitMs !== undefined || attempt <= task.retries);
      const { outcome, reason, exitCode, signal, strays, ms } = result;
      this.#emit({
        type: 'attempt.finished',
        task: task.id,
        attempt,
        outcome,
        reason,
        exitCode,
        signal,
        strays: strays.length > 0 ? strays : undefined,
        ms,
        retry: retry || undefined,
        waitMs: retry ? waitMs : undefined,
      });
      if (waitMs === undefined) {
        limited = 0;
        this.#limits.passed();
      }
      if (!retry) return { attempts: attempt, result };
      if (waitMs === undefined) {
        attempt += 1;
        last = result;
      } else {
        await sleep(waitMs, undefined, { signal: this.#signal }).catch(() => undefined);
        if (this.#signal.aborted)
          return { attempts: attempt, result: { ...result, outcome: 'cancelled', reason: 'interrupted' } };
      }
    }
  }

  async #try(task: Task, attempt: number, last: AttemptResult | undefined) {
    const { folder, plan } = this.prepared;
    const number = folder.nextAttempt(task.id);
    const dir = folder.attempt(task.id, number);
    this.#emit({ type: 'attempt.started', task: task.id, attempt, log: `${dir}/output.log` });
    const began = performance.now();
    const result = await this.executor.run(
      {
        run: folder.id,
        root: plan.root,
        caseInsensitive: plan.caseInsensitive,
        task,
        attempt,
        name: `${folder.id}.${task.id}.${number}`,
        start: this.#byId.get(task.id)!.startsFrom.map((id) => this.#changesets.get(id)!),
        base: folder.base,
        prompt: this.#promptFor(task, last),
        dir,
        others: task.prompt === undefined ? [] : this.#others(task),
      },
      (event) => this.#emit(event),
      this.#signal,
    );
    return { ...result, ms: Math.round(performance.now() - began) };
  }

  /** What an agent is told: what others do now, and what went wrong `last` time. Empty for commands. */
  #promptFor(
    { id, prompt, description, owns, reads, verify }: Task,
    last: AttemptResult | undefined,
  ): string {
    if (prompt === undefined) return '';
    const { plan, tasks } = this.prepared;
    const stateOf = (other: string) =>
      this.#changesets.has(other) ? 'finished' : this.#running.has(other) ? 'running' : 'waiting';
    return renderPrompt({
      id,
      prompt,
      owns: textsOf(owns),
      reads: textsOf(reads),
      others: tasks
        .filter((other) => other.task.id !== id)
        .map(({ task }) => ({
          id: task.id,
          description: task.description,
          owns: textsOf(task.owns),
          state: stateOf(task.id),
        })),
      gates: plan.gates,
      goal: plan.goal,
      description,
      verify,
      previous: last,
    });
  }

  #others(task: Task): { id: string; owns: string[] }[] {
    return this.prepared.plan.tasks
      .filter(({ id }) => id !== task.id)
      .map(({ id, owns }) => ({ id, owns: textsOf(owns) }));
  }

  /** Puts the changeset of the successful attempt where the rest of forge looks for it. */
  async #keep(task: Task, changeset: Changeset): Promise<Changeset> {
    const dir = this.prepared.folder.changeset(task.id);
    await removeTree(dir);
    renameSync(changeset.dir, dir);
    // Durable before the journal says that the task succeeded; where there is nothing in it, nothing can be lost.
    if (changeset.entries.length > 0)
      for (const above of [dirname(dir), dirname(dirname(dir))])
        await onceFilesCanBeOpened(() => syncPath(above));
    return { ...changeset, dir };
  }

  #giveUp(state: 'skipped' | 'cancelled', reason: string): void {
    for (const id of this.#scheduler.stop()) this.#notRun(id, state, reason);
  }

  #notRun(task: string, state: 'skipped' | 'cancelled', reason: string): void {
    this.#emit({ type: 'task.finished', task, state, attempts: 0, ms: 0, changes: 0, reason });
  }

  #emit(event: EventBody): void {
    this.prepared.journal.append(event);
  }
}

function textsOf(patterns: readonly Pattern[]): string[] {
  return patterns.map(({ text }) => text);
}
