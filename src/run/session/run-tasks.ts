import { setMaxListeners } from 'node:events';
import { rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { EventBody, Journal } from '../../journal/index.js';
import type { Plan, Task } from '../../plan/index.js';
import { syncPath } from '../../util/files/durable.js';
import { removeTree } from '../../util/files/remove-tree.js';
import type { BaseLookup, Changeset } from '../../workspace/index.js';
import { nextAttempt } from '../attempt/attempt-folders.js';
import type { AttemptResult, Executor } from '../attempt/executor.js';
import { ownedBy } from '../attempt/owned-by.js';
import { withoutImpliedFolders } from '../integration/changed-paths.js';
import { RateLimits } from '../schedule/rate-limit.js';
import { Scheduler } from '../schedule/scheduler.js';
import type { RunFolder } from '../store/run-folder.js';

/** Everything that running the tasks of a plan needs. */
export interface TasksOptions {
  plan: Plan;
  /** The tasks to run, in topological order, with what they need and how urgent they are. */
  tasks: readonly {
    task: Task;
    prerequisites: readonly string[];
    startsFrom: readonly string[];
    priority: number;
  }[];
  folder: RunFolder;
  journal: Journal;
  base: BaseLookup;
  executor: Executor;
  /** Renders the prompt of an attempt, given what runs now, what has finished and how the last attempt ended; '' for commands. */
  prompt(
    task: Task,
    now: { running: ReadonlySet<string>; finished: ReadonlySet<string> },
    last: AttemptResult | undefined,
  ): string;
  concurrency: number;
  keepGoing: boolean;
  /** Results that exist already (a resumed run). */
  done: ReadonlyMap<string, Changeset>;
  signal: AbortSignal;
}

/** How the tasks ended. */
export interface TasksResult {
  /** Changeset of every task that succeeded, now or before. */
  changesets: Map<string, Changeset>;
  failed: string[];
}

/**
 * Runs tasks as the scheduler says until none is left, one fails (without keepGoing) or `signal` aborts. What is
 * running when a task fails is left to finish, as make does; what has not started is skipped. Everything that happens
 * goes to the journal.
 */
export async function runTasks(options: TasksOptions): Promise<TasksResult> {
  const run = new TaskRun(options);
  return await run.run();
}

class TaskRun {
  readonly #options: TasksOptions;
  readonly #scheduler: Scheduler;
  readonly #limits: RateLimits;
  readonly #byId = new Map<string, TasksOptions['tasks'][number]>();
  readonly #changesets: Map<string, Changeset>;
  readonly #running = new Map<string, Promise<void>>();
  readonly #failed: string[] = [];
  readonly #broken = new AbortController();
  readonly #signal: AbortSignal;

  constructor(options: TasksOptions) {
    this.#options = options;
    this.#signal = AbortSignal.any([options.signal, this.#broken.signal]);
    // Every running task listens; Node would take more than ten for a leak.
    setMaxListeners(0, this.#signal);
    this.#changesets = new Map(options.done);
    this.#limits = new RateLimits(options.concurrency);
    for (const entry of options.tasks) this.#byId.set(entry.task.id, entry);
    this.#scheduler = new Scheduler(
      options.tasks.map(({ task, prerequisites, priority }) => ({
        id: task.id,
        prerequisites,
        priority,
        locks: task.locks,
      })),
      { concurrency: options.concurrency, locks: options.plan.locks, done: new Set(options.done.keys()) },
    );
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
        changes: withoutImpliedFolders(changeset.entries).length,
        ...(result.dropped > 0 && { dropped: result.dropped }),
      });
      this.#scheduler.ended(task.id, true);
      return;
    }
    const state = result.outcome === 'cancelled' ? 'cancelled' : 'failed';
    if (state === 'failed') this.#failed.push(task.id);
    this.#emit({
      type: 'task.finished',
      ...about,
      state,
      changes: 0,
      ...(result.reason !== undefined && { reason: result.reason }),
    });
    for (const id of this.#scheduler.ended(task.id, false))
      this.#notRun(id, 'skipped', `${task.id} ${state}`);
    if (state === 'failed' && !this.#options.keepGoing) this.#giveUp('skipped', `${task.id} failed`);
  }

  /** Tries until it succeeds, may not be tried again, or is interrupted. Rate-limited tries don't count. */
  async #attempts(task: Task): Promise<{ attempts: number; result: AttemptResult }> {
    let last: AttemptResult | undefined;
    let limited = 0;
    for (let attempt = 1; ; ) {
      const result = await this.#try(task, attempt, last);
      const { journal } = this.#options;
      const again = !this.#signal.aborted && result.outcome !== 'succeeded' && result.outcome !== 'cancelled';
      const waitMs =
        result.outcome === 'rate-limited' ? this.#limits.hit(++limited, result.retryAfterMs) : undefined;
      const retry = again && (waitMs !== undefined || attempt <= task.retries);
      journal.append({
        type: 'attempt.finished',
        task: task.id,
        attempt,
        outcome: result.outcome,
        ...(result.reason !== undefined && { reason: result.reason }),
        exitCode: result.exitCode,
        signal: result.signal,
        ...(result.strays.length > 0 && { strays: result.strays }),
        ms: result.ms,
        ...(retry && { retry }),
        ...(retry && waitMs !== undefined && { waitMs }),
      });
      if (waitMs === undefined) {
        limited = 0;
        this.#limits.passed();
      }
      if (!retry) return { attempts: attempt, result };
      if (waitMs === undefined) {
        attempt += 1;
        last = result;
      } else if (!(await sleep(waitMs, this.#signal))) {
        return { attempts: attempt, result: { ...result, outcome: 'cancelled', reason: 'interrupted' } };
      }
    }
  }

  async #try(task: Task, attempt: number, last: AttemptResult | undefined) {
    const { folder, base, executor, plan, journal } = this.#options;
    const number = nextAttempt(folder, task.id);
    const dir = folder.attempt(task.id, number);
    journal.append({ type: 'attempt.started', task: task.id, attempt, log: `${dir}/output.log` });
    const began = performance.now();
    const now = { running: new Set(this.#running.keys()), finished: new Set(this.#changesets.keys()) };
    const result = await executor.run(
      {
        run: folder.id,
        root: plan.root,
        task,
        attempt,
        name: `${folder.id}.${task.id}.${number}`,
        start: this.#byId.get(task.id)!.startsFrom.map((id) => this.#changesets.get(id)!),
        base,
        prompt: this.#options.prompt(task, now, last),
        dir,
        owned: ownedBy(plan, task),
        caseInsensitive: plan.caseInsensitive,
        others: task.prompt === undefined ? [] : this.#others(task),
      },
      (event) => this.#emit(event),
      this.#signal,
    );
    return { ...result, ms: Math.round(performance.now() - began) };
  }

  #others(task: Task): { id: string; owns: string[] }[] {
    return this.#options.plan.tasks
      .filter(({ id }) => id !== task.id)
      .map(({ id, owns }) => ({ id, owns: owns.map(({ text }) => text) }));
  }

  /** Puts the changeset of the successful attempt where the rest of forge looks for it. */
  async #keep(task: Task, changeset: Changeset): Promise<Changeset> {
    const dir = this.#options.folder.changeset(task.id);
    await removeTree(dir);
    await rename(changeset.dir, dir);
    // Durable before the journal says that the task succeeded; where there is nothing in it, nothing can be lost.
    if (changeset.entries.length > 0)
      for (const above of [dirname(dir), dirname(dirname(dir))]) await syncPath(above);
    return { ...changeset, dir };
  }

  #giveUp(state: 'skipped' | 'cancelled', reason: string): void {
    for (const id of this.#scheduler.stop()) this.#notRun(id, state, reason);
  }

  #notRun(task: string, state: 'skipped' | 'cancelled', reason: string): void {
    this.#emit({ type: 'task.finished', task, state, attempts: 0, ms: 0, changes: 0, reason });
  }

  #emit(event: EventBody): void {
    this.#options.journal.append(event);
  }
}

/** Waits; false when interrupted. */
function sleep(ms: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const done = (finished: boolean) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', interrupted);
      resolve(finished);
    };
    const interrupted = () => done(false);
    const timer = setTimeout(done, ms, true);
    signal.addEventListener('abort', interrupted);
    if (signal.aborted) interrupted();
  });
}
