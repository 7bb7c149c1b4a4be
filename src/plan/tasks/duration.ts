/** Node's timers take at most 2^31 - 1 milliseconds (24.8 days); longer ones would fire at once. */
const LONGEST = 2 ** 31 - 1;

const UNITS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };
const TEXT = /^(?=.)(?:\d+(?:\.\d+)?h)?(?:\d+(?:\.\d+)?m)?(?:\d+(?:\.\d+)?s)?(?:\d+(?:\.\d+)?ms)?$/;

/**
 * Whole milliseconds, at least 1, of a duration as a plan writes it: a number of seconds, or text such as `500ms`,
 * `90s`, `20m`, `1h30m` (or a number of seconds as text). undefined for anything else, for nothing at all (`0s`) and for
 * more than 24.8 days.
 */
export function parseDuration(value: string | number): number | undefined {
  const ms = typeof value === 'number' ? value * 1000 : textToMs(value.trim());
  if (!(ms > 0) || ms > LONGEST) return undefined;
  return Math.max(1, Math.round(ms));
}

function textToMs(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  if (!TEXT.test(text)) return Number.NaN;
  let total = 0;
  for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|[hms])/g))
    total += Number(number) * UNITS[unit!]!;
  return total;
}
