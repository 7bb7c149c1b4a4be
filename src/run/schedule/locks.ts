import type { LockUse } from '../../plan/index.js';

/**
 * The plan's named locks: many readers, or writers up to the lock's capacity (1 unless declared). A task takes all it
 * needs at once or nothing, so that tasks can't deadlock.
 */
export class LockTable {
  /** What each task holds each lock for. */
  readonly #held = new Map<string, Map<string, LockUse['mode']>>();

  constructor(private readonly capacity: Readonly<Record<string, number>>) {}

  /** Takes every lock of `uses` for `task`, or none; gives the names of the locks that are not free (empty = taken). */
  take(task: string, uses: readonly LockUse[]): string[] {
    const busy = uses.filter((use) => !this.#isFree(use)).map(({ name }) => name);
    if (busy.length === 0) for (const { name, mode } of uses) this.#of(name).set(task, mode);
    return busy;
  }

  /** Gives back everything `task` holds. */
  release(task: string): void {
    for (const held of this.#held.values()) held.delete(task);
  }

  /** The tasks that hold any of the named locks. */
  holders(names: readonly string[]): string[] {
    return [...new Set(names.flatMap((name) => [...this.#of(name).keys()]))].sort();
  }

  #isFree({ name, mode }: LockUse): boolean {
    const modes = [...this.#of(name).values()];
    if (mode === 'read') return !modes.includes('write');
    const capacity = Object.hasOwn(this.capacity, name) ? this.capacity[name]! : 1;
    return !modes.includes('read') && modes.length < capacity;
  }

  #of(name: string): Map<string, LockUse['mode']> {
    const held = this.#held.get(name) ?? new Map();
    this.#held.set(name, held);
    return held;
  }
}
