import pLimit from 'p-limit';

/** Runs `work` over items, `width` at a time (8 keeps the thread pool and the disk's journal busy; more did not help). Waits for all of them, then throws the first error. */
export async function eachBounded<T>(
  items: Iterable<T>,
  work: (item: T) => Promise<void>,
  width = 8,
): Promise<void> {
  const limit = pLimit(width);
  const results = await Promise.allSettled(Array.from(items, (item) => limit(() => work(item))));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
