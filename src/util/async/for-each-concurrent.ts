import pLimit from 'p-limit';

/** So many keep the thread pool and the disk's journal busy; more did not help. */
const WIDTH = 8;

/** Does `work` for each item, some at a time. @throws the first error, once all have ended */
export async function forEachConcurrent<T>(
  items: Iterable<T>,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const limit = pLimit(WIDTH);
  const results = await Promise.allSettled(Array.from(items, (item) => limit(() => work(item))));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
