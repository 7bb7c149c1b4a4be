/** Characters of an output line that go into an event; the log has the rest. */
const LONGEST = 2_000;
/** Lines that may come at once, and lines a second after that. */
const BURST = 1_000;
const PER_SECOND = 50;

/**
 * Limits how many output lines of one attempt become events, so that a command that prints gigabytes does not fill the
 * journal (its log is complete). A token bucket: BURST at once, PER_SECOND after that. Gives the text to emit, or
 * undefined for a line that is left out. `now` is in milliseconds.
 */
export function createOutputLimit(now: () => number = Date.now): (text: string) => string | undefined {
  let tokens = BURST;
  let last = now();
  return (text) => {
    const time = now();
    tokens = Math.min(BURST, tokens + ((time - last) / 1000) * PER_SECOND);
    last = time;
    if (tokens < 1) return undefined;
    tokens -= 1;
    return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
  };
}
