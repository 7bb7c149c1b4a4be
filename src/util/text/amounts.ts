/** `1 file`, `2 files`, `3 retries` (the plural where it is not made with `s`). */
export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number} ${number === 1 ? noun : plural}`;
}

/** `a, b and 3 more`: a list in a sentence, of which at most `most` are named. */
export function listed(items: readonly string[], most: number): string {
  const more = items.length - most;
  return more > 0 ? `${items.slice(0, most).join(', ')} and ${more} more` : items.join(', ');
}

/** A list of lines, of which at most `most` are shown; where there are more, one line tells how many. */
export function shortened(items: readonly string[], most: number, rest: (more: number) => string): string[] {
  return items.length > most ? [...items.slice(0, most), rest(items.length - most)] : [...items];
}

/** Milliseconds that something took: `1.2s`, `6m12s` or `2h05m`. */
export function formatDuration(ms: number): string {
  const tenths = Math.round(Math.max(0, ms) / 100);
  if (tenths < 600) return `${(tenths / 10).toFixed(1)}s`;
  return minutesAndMore(Math.round(ms / 1000));
}

/** Milliseconds of something that is still going on, in whole seconds: `12s`, `6m12s` or `2h05m`. */
export function formatElapsed(ms: number): string {
  const seconds = Math.floor(Math.max(0, ms) / 1000);
  return seconds < 60 ? `${seconds}s` : minutesAndMore(seconds);
}

/** Milliseconds that are only expected, as exact as can be said: `40 s`, `25 min`, `2 h` or `2.5 h`. */
export function formatRoughly(ms: number): string {
  const seconds = Math.max(1, ms / 1000);
  if (seconds < 10) return `${Math.round(seconds)} s`;
  if (seconds < 90) return `${Math.round(seconds / 5) * 5} s`;
  const minutes = seconds / 60;
  if (minutes < 15) return `${Math.round(minutes)} min`;
  if (minutes < 87.5) return `${Math.round(minutes / 5) * 5} min`;
  return `${Math.round(minutes / 30) / 2} h`;
}

function minutesAndMore(seconds: number): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m${two(seconds % 60)}s`;
  return `${Math.floor(minutes / 60)}h${two(minutes % 60)}m`;
}
