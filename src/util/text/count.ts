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
