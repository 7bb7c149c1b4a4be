const SLICE_MS = 40;

/**
 * Synchronous file calls are several times faster than asynchronous ones (449 against 2,127 ms for 28,000 files,
 * measured on ext4), but they hold up the event loop. A loop that awaits the function that this gives between its steps
 * lets it run every 40 ms.
 */
export function yieldToEventLoop(): () => Promise<void> | undefined {
  let since = performance.now();
  return () => {
    if (performance.now() - since < SLICE_MS) return undefined;
    return new Promise((resolve) =>
      setImmediate(() => {
        since = performance.now();
        resolve();
      }),
    );
  };
}
