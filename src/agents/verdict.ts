import type { CommandEnd } from './adapter.js';

/** How a command failed, in one sentence: the signal, or the exit code with the last line of its standard error. */
export function endReason({ exitCode, signal, stderrTail }: CommandEnd): string {
  if (signal !== null) return `ended by ${signal}`;
  const lastLine = stderrTail.trimEnd().split('\n').at(-1)?.trim() ?? '';
  const how = exitCode === null ? 'did not start' : `exit code ${exitCode}`;
  return lastLine === '' ? how : `${how}: ${lastLine.slice(0, 300)}`;
}

/** Status codes that mean "come back later": 429 (RFC 6585), 503 (RFC 9110), 529 (Anthropic's "overloaded"). */
const STATUS = /\b(?:429|503|529)\b/;
const WORDS = /rate.?limit|too many requests|overloaded|at capacity|service unavailable/i;
/** A 429 that waiting does not cure (OpenAI's `insufficient_quota` and similar). */
const HOPELESS = /insufficient.?quota|exceeded your current quota|billing|credit balance/i;

/**
 * How long an agent's error message says to wait (in milliseconds, where it says), or undefined when it tells of no rate
 * limit or overload. Only for messages of the agent's program itself, never for what a model wrote.
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
