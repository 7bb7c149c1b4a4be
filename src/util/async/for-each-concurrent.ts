import pLimit from 'p-limit';

/** Does `work` for each item, `width` at a time (8 keeps the thread pool and the disk's journal busy; more did not help). @throws the first error, once all have ended */
export async function forEachConcurrent<T>(
  items: Iterable<T>,
  work: (item: T) => Promise<void>,
  width = 8,
): Promise<void> {
  const limit = pLimit(width);
  const results = await Promise.allSettled(Array.from(items, (item) => limit(() => work(item))));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
