import type { LockUse } from '../../plan/index.js';

/**
 * The plan's named locks: many readers, or writers up to the lock's capacity (1 unless declared). A task takes all it
 * needs at once or nothing, so that tasks can't deadlock.
 */
export class LockTable {
  readonly #capacity: Readonly<Record<string, number>>;
  readonly #held = new Map<string, { readers: Set<string>; writers: Set<string> }>();

  constructor(capacity: Readonly<Record<string, number>>) {
    this.#capacity = capacity;
  }

  /** Takes every lock of `uses` for `task`, or none; gives the names of the locks that are not free (empty = taken). */
  take(task: string, uses: readonly LockUse[]): string[] {
    const busy = uses.filter((use) => !this.#free(use)).map((use) => use.name);
    if (busy.length > 0) return busy;
    for (const { name, mode } of uses) {
      const held = this.#of(name);
      (mode === 'read' ? held.readers : held.writers).add(task);
    }
    return [];
  }

  /** Gives back everything `task` holds. */
  release(task: string): void {
    for (const held of this.#held.values()) {
      held.readers.delete(task);
      held.writers.delete(task);
    }
  }

  /** The tasks that hold any of the named locks. */
  holders(names: readonly string[]): string[] {
    return [
      ...new Set(names.flatMap((name) => [...this.#of(name).readers, ...this.#of(name).writers])),
    ].sort();
  }

  #free({ name, mode }: LockUse): boolean {
    const { readers, writers } = this.#of(name);
    if (mode === 'read') return writers.size === 0;
    const capacity = Object.hasOwn(this.#capacity, name) ? this.#capacity[name]! : 1;
    return readers.size === 0 && writers.size < capacity;
  }

  #of(name: string): { readers: Set<string>; writers: Set<string> } {
    let held = this.#held.get(name);
    if (!held) {
      held = { readers: new Set(), writers: new Set() };
      this.#held.set(name, held);
    }
    return held;
  }
}
