import type { LockUse } from '../../plan/index.js';
import { LockTable } from './locks.js';

/** What the scheduler knows of a task. */
export interface Schedulable {
  id: string;
  /** Tasks that must have succeeded before. */
  prerequisites: readonly string[];
  /** Longest way to the end of the plan: larger starts first. */
  priority: number;
  locks: readonly LockUse[];
}

/** What to do next. */
interface Decision {
  /** Became ready since the last decision. */
  ready: string[];
  start: string[];
  /** Ready, but for these locks; told once per change. */
  waiting: { id: string; locks: string[]; holders: string[] }[];
}

/**
 * Decides which tasks run when: pure state, no clock and no processes. List scheduling by critical path (Graham 1969;
 * within 2 - 1/N of the best makespan): of the ready tasks the one with the longest way to the end starts first.
 */
export class Scheduler {
  /** Those that have not ended. */
  readonly #tasks = new Map<string, Schedulable>();
  readonly #missing = new Map<string, number>();
  readonly #dependents = new Map<string, string[]>();
  /** Best first, and those that are not among them yet. */
  #ready: Schedulable[] = [];
  #newlyReady: Schedulable[] = [];
  readonly #running = new Set<string>();
  readonly #locks: LockTable;
  readonly #toldWaiting = new Map<string, string>();

  /** `done` are tasks whose results exist already (a resumed run). `concurrency` may be changed while running. */
  constructor(
    tasks: readonly Schedulable[],
    readonly options: {
      concurrency: number;
      locks: Readonly<Record<string, number>>;
      done?: ReadonlyMap<string, unknown>;
    },
  ) {
    this.#locks = new LockTable(options.locks);
    for (const task of tasks) {
      if (options.done?.has(task.id)) continue;
      this.#tasks.set(task.id, task);
      const missing = task.prerequisites.filter((id) => !options.done?.has(id));
      this.#missing.set(task.id, missing.length);
      for (const id of missing) {
        const dependents = this.#dependents.get(id);
        if (dependents) dependents.push(task.id);
        else this.#dependents.set(id, [task.id]);
      }
      if (missing.length === 0) this.#newlyReady.push(task);
    }
  }

  /** No task is left to run or running. */
  get finished(): boolean {
    return this.#tasks.size === 0;
  }

  /** Takes what may start now, best first, and says who waits for locks. */
  decide(): Decision {
    const decision: Decision = { ready: this.#newlyReady.map(({ id }) => id), start: [], waiting: [] };
    if (this.#newlyReady.length > 0) {
      this.#ready = [...this.#ready, ...this.#newlyReady].sort((a, b) => b.priority - a.priority);
      this.#newlyReady = [];
    }
    /** Locks that a better-placed task waits for: others must not overtake it for ever. */
    const reserved = new Set<string>();
    for (let index = 0; index < this.#ready.length && this.#running.size < this.options.concurrency; ) {
      const { id, locks } = this.#ready[index]!;
      const overtaking = locks.filter(({ name }) => reserved.has(name)).map(({ name }) => name);
      const busy = overtaking.length > 0 ? overtaking : this.#locks.take(id, locks);
      if (busy.length === 0) {
        this.#ready.splice(index, 1);
        this.#running.add(id);
        decision.start.push(id);
        continue;
      }
      for (const { name } of locks) reserved.add(name);
      const holders = this.#locks.holders(busy);
      const told = JSON.stringify([busy, holders]);
      if (this.#toldWaiting.get(id) !== told) {
        this.#toldWaiting.set(id, told);
        decision.waiting.push({ id, locks: busy, holders });
      }
      index += 1;
    }
    return decision;
  }

  /** A started task ended. After a failure its dependents never run: gives the ids to skip, in no special order. */
  ended(id: string, succeeded: boolean): string[] {
    this.#running.delete(id);
    this.#locks.release(id);
    this.#tasks.delete(id);
    if (!succeeded) {
      const dropped = [id];
      for (const gone of dropped)
        for (const dependent of this.#dependents.get(gone) ?? [])
          if (this.#tasks.delete(dependent)) dropped.push(dependent);
      return dropped.slice(1);
    }
    for (const dependent of this.#dependents.get(id) ?? []) {
      const missing = this.#missing.get(dependent)! - 1;
      this.#missing.set(dependent, missing);
      const task = this.#tasks.get(dependent);
      if (missing === 0 && task) this.#newlyReady.push(task);
    }
    return [];
  }

  /** Gives up everything that has not started; gives its ids. */
  stop(): string[] {
    const dropped = [...this.#tasks.keys()].filter((id) => !this.#running.has(id));
    for (const id of dropped) this.#tasks.delete(id);
    this.#ready = [];
    this.#newlyReady = [];
    return dropped;
  }
}
