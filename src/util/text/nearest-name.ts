import leven from 'leven';

/** No name is this long; comparing is quadratic. */
const LONGEST = 100;

/**
 * The known name that was probably meant by one that is not known. Up to two fifths of the longer name, but always one
 * character, may differ (Levenshtein distance, case ignored): enough for two swapped letters in a word of four.
 */
export function nearestName(wrong: string, known: Iterable<string>): string | undefined {
  if (wrong.length > LONGEST) return undefined;
  let best: { name: string; distance: number } | undefined;
  for (const name of known) {
    const allowed = Math.max(1, Math.round(Math.max(wrong.length, name.length) * 0.4));
    const enough = best ? Math.min(allowed, best.distance - 1) : allowed;
    if (enough < 0 || Math.abs(name.length - wrong.length) > enough) continue;
    const distance = leven(wrong.toLowerCase(), name.toLowerCase(), { maxDistance: enough + 1 });
    if (distance <= enough) best = { name, distance };
  }
  return best?.name;
}

/** `` did you mean `x`? `` for the nearest name, or undefined. */
export function didYouMean(wrong: string, known: Iterable<string>): string | undefined {
  const nearest = nearestName(wrong, known);
  return nearest === undefined ? undefined : `did you mean \`${nearest}\`?`;
}
