/** Status codes that mean "come back later": 429 (RFC 6585), 503 (RFC 9110), 529 (Anthropic's "overloaded"). */
const STATUS = /\b(?:429|503|529)\b/;
const WORDS = /rate.?limit|too many requests|overloaded|at capacity|service unavailable/i;
/** A 429 that waiting does not cure (OpenAI's `insufficient_quota` and similar). */
const HOPELESS = /insufficient.?quota|exceeded your current quota|billing|credit balance/i;

/**
 * Takes an agent's error message; gives how long it says to wait (ms, if it says), or undefined when it is no rate
 * limit or overload. Only to be used on messages of the agent's program itself, never on what a model wrote.
 */
export function readRateLimit(message: string): { retryAfterMs?: number } | undefined {
  if (HOPELESS.test(message)) return undefined;
  if (!STATUS.test(message.slice(0, 200)) && !WORDS.test(message)) return undefined;
  const retryAfterMs = readWait(message);
  return retryAfterMs === undefined ? {} : { retryAfterMs };
}

/** Reads "retry-after: 12", "retry after 12s", "try again in 6m0.5s", "try again in 350ms". */
function readWait(message: string): number | undefined {
  const said = /(?:retry.?after"?:?|try again in)\s*"?((?:\d+(?:\.\d+)?\s*(?:ms|h|m|s)?)+)/i.exec(
    message,
  )?.[1];
  if (said === undefined) return undefined;
  const unit = { ms: 1, s: 1000, '': 1000, m: 60_000, h: 3_600_000 } as const;
  let total = 0;
  for (const [, amount, name] of said.matchAll(/(\d+(?:\.\d+)?)\s*(ms|h|m|s)?/gi)) {
    total += Number(amount) * unit[(name?.toLowerCase() ?? '') as keyof typeof unit];
  }
  return Math.round(total);
}
