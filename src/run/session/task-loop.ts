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
import type { AttemptRequest, AttemptResult, Executor } from '../attempt/executor.js';
import { withoutImpliedFolders } from '../integration/changes.js';
import { RateLimits } from '../schedule/rate-limit.js';
import { Scheduler } from '../schedule/scheduler.js';
import type { SelectedTask } from '../schedule/select-tasks.js';
import type { PreparedRun } from './prepare.js';

/**
 * Runs tasks as the scheduler says until none is left, one fails (without keepGoing) or `signal` aborts. What is
 * running when a task fails is left to finish, as make does; what has not started is skipped.
 */
export class TaskLoop {
  /** Of every task that succeeded, now or before. */
  readonly changesets: Map<string, Changeset>;
  readonly failed: string[] = [];
  readonly #scheduler: Scheduler;
  readonly #limits: RateLimits;
  readonly #byId: ReadonlyMap<string, SelectedTask>;
  readonly #running = new Map<string, Promise<void>>();
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
    this.changesets = new Map(done);
    const concurrency = request.jobs ?? plan.concurrency;
    this.#limits = new RateLimits(concurrency);
    this.#byId = new Map(tasks.map((selected) => [selected.id, selected]));
    this.#scheduler = new Scheduler(tasks, { concurrency, locks: plan.locks, done });
  }

  async run(): Promise<void> {
    const stop = () => this.#notRun(this.#scheduler.stop(), 'cancelled', 'interrupted before it started');
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
  }

  #launch(): void {
    if (this.#signal.aborted) return;
    this.#scheduler.options.concurrency = this.#limits.limit;
    const { ready, start, waiting } = this.#scheduler.decide();
    for (const task of ready) this.#emit({ type: 'task.ready', task });
    for (const { id, locks, holders } of waiting)
      this.#emit({ type: 'task.waiting', task: id, locks, holders });
    for (const id of start) {
      const running = this.#runTask(this.#byId.get(id)!).finally(() => this.#running.delete(id));
      this.#running.set(id, running);
    }
  }

  async #runTask(selected: SelectedTask): Promise<void> {
    const { id: task } = selected;
    const began = performance.now();
    const { attempts, result } = await this.#attempts(selected);
    const about = { task, attempts, ms: Math.round(performance.now() - began) };
    if (result.outcome === 'succeeded' && result.changeset) {
      const changeset = await this.#keep(task, result.changeset);
      this.changesets.set(task, changeset);
      this.#emit({
        type: 'task.finished',
        ...about,
        state: 'succeeded',
        changes: withoutImpliedFolders(changeset.entries).length,
        dropped: result.dropped > 0 ? result.dropped : undefined,
      });
      this.#scheduler.ended(task, true);
      return;
    }
    const state = result.outcome === 'cancelled' ? 'cancelled' : 'failed';
    if (state === 'failed') this.failed.push(task);
    this.#emit({ type: 'task.finished', ...about, state, changes: 0, reason: result.reason });
    this.#notRun(this.#scheduler.ended(task, false), 'skipped', `${task} ${state}`);
    if (state === 'failed' && !this.prepared.request.keepGoing)
      this.#notRun(this.#scheduler.stop(), 'skipped', `${task} failed`);
  }

  /** Tries until it succeeds, may not be tried again, or is interrupted. Rate-limited tries don't count. */
  async #attempts(selected: SelectedTask): Promise<{ attempts: number; result: AttemptResult }> {
    const { id, task } = selected;
    let last: AttemptResult | undefined;
    let limited = 0;
    for (let attempt = 1; ; ) {
      const began = performance.now();
      const result = await this.#try(selected, attempt, last);
      const ms = Math.round(performance.now() - began);
      const { outcome, reason, exitCode, signal, strays, retryAfterMs } = result;
      const again = !this.#signal.aborted && outcome !== 'succeeded' && outcome !== 'cancelled';
      const waitMs = outcome === 'rate-limited' ? this.#limits.hit(++limited, retryAfterMs) : undefined;
      const retry = again && (waitMs !== undefined || attempt <= task.retries);
      this.#emit({
        type: 'attempt.finished',
        task: id,
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

  async #try({ id, task, startsFrom }: SelectedTask, attempt: number, last: AttemptResult | undefined) {
    const { folder, plan } = this.prepared;
    const number = folder.nextAttempt(id);
    const dir = folder.attempt(id, number);
    this.#emit({ type: 'attempt.started', task: id, attempt, log: `${dir}/output.log` });
    return await this.executor(
      {
        run: folder.id,
        root: plan.root,
        caseInsensitive: plan.caseInsensitive,
        task,
        attempt,
        name: `${folder.id}.${id}.${number}`,
        start: startsFrom.map((before) => this.changesets.get(before)!),
        base: folder.base,
        dir,
        ...this.#toldTo(task, last),
      },
      (event) => this.#emit(event),
      this.#signal,
    );
  }

  /** What an agent is told: what others own and do now, and what went wrong `last` time. Commands are told nothing. */
  #toldTo(task: Task, last: AttemptResult | undefined): Pick<AttemptRequest, 'prompt' | 'others'> {
    if (task.prompt === undefined) return { prompt: '', others: [] };
    const { plan, tasks } = this.prepared;
    const isOther = ({ id }: { id: string }) => id !== task.id;
    const stateOf = (id: string) =>
      this.changesets.has(id) ? 'finished' : this.#running.has(id) ? 'running' : 'waiting';
    const others = tasks.filter(isOther).map(({ id, task: { description, owns } }) => {
      return { id, description, owns: textsOf(owns), state: stateOf(id) } as const;
    });
    const prompt = renderPrompt({
      ...task,
      prompt: task.prompt,
      owns: textsOf(task.owns),
      reads: textsOf(task.reads),
      others,
      gates: plan.gates,
      goal: plan.goal,
      previous: last,
    });
    const owners = plan.tasks.filter(isOther).map(({ id, owns }) => ({ id, owns: textsOf(owns) }));
    return { prompt, others: owners };
  }

  /** Puts the changeset of the successful attempt where the rest of forge looks for it. */
  async #keep(task: string, changeset: Changeset): Promise<Changeset> {
    const dir = this.prepared.folder.changeset(task);
    await removeTree(dir);
    renameSync(changeset.dir, dir);
    // Durable before the journal says that the task succeeded; where there is nothing in it, nothing can be lost.
    if (changeset.entries.length > 0)
      for (const above of [dirname(dir), dirname(dirname(dir))])
        await onceFilesCanBeOpened(() => syncPath(above));
    return { ...changeset, dir };
  }

  #notRun(tasks: readonly string[], state: 'skipped' | 'cancelled', reason: string): void {
    for (const task of tasks)
      this.#emit({ type: 'task.finished', task, state, attempts: 0, ms: 0, changes: 0, reason });
  }

  #emit(event: EventBody): void {
    this.prepared.journal.append(event);
  }
}

function textsOf(patterns: readonly Pattern[]): string[] {
  return patterns.map(({ text }) => text);
}
