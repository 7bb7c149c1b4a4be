/** First wait and longest wait after a rate limit, in milliseconds. Agents have retried for a minute or more themselves by then. */
const FIRST_MS = 5_000;
const LONGEST_MS = 5 * 60_000;

/**
 * What a run does about rate limits: waits with exponential backoff and full jitter ("Exponential Backoff And Jitter",
 * AWS Architecture Blog, 2015), and while limits persist halves how many tasks run at once, climbing back by one with
 * every attempt that gets through (additive increase, multiplicative decrease, as TCP does: RFC 5681).
 */
export class RateLimits {
  /** How many tasks may run at once now. */
  limit: number;

  constructor(
    readonly concurrency: number,
    private readonly random: () => number = Math.random,
    private readonly firstMs: number = Number(process.env.FORGE_BACKOFF_MS ?? FIRST_MS),
  ) {
    this.limit = concurrency;
  }

  /** An attempt hit a limit for the `times`-th time in a row; gives how long it is to wait (ms). */
  hit(times: number, retryAfterMs = 0): number {
    this.limit = Math.max(1, Math.floor(this.limit / 2));
    const ceiling = Math.min(LONGEST_MS, this.firstMs * 2 ** Math.min(times - 1, 20));
    return Math.round(Math.max(retryAfterMs, this.random() * ceiling));
  }

  /** An attempt got through. */
  passed(): void {
    this.limit = Math.min(this.concurrency, this.limit + 1);
  }
}
