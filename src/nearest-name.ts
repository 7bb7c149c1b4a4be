import leven from 'leven';

/**
 * Takes a name that is not known and those that are; gives the one that was probably meant ("did you mean"), or
 * undefined. At most a third of the longer name, but always one character, may differ (Levenshtein distance, case ignored).
 */
export function nearestName(wrong: string, known: readonly string[]): string | undefined {
  let best: { name: string; distance: number } | undefined;
  for (const name of known) {
    const allowed = Math.max(1, Math.floor(Math.max(wrong.length, name.length) / 3));
    const distance = leven(wrong.toLowerCase(), name.toLowerCase(), { maxDistance: allowed + 1 });
    if (distance <= allowed && (best === undefined || distance < best.distance)) best = { name, distance };
  }
  return best?.name;
}
