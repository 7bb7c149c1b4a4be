import leven from 'leven';

/** Takes a name that is not known and those that are; gives the one that was probably meant ("did you mean"), or undefined. At most a third of the longer name may differ (Levenshtein distance, case ignored). */
export function nearestName(wrong: string, known: readonly string[]): string | undefined {
  let best: { name: string; distance: number } | undefined;
  for (const name of known) {
    const longer = Math.max(wrong.length, name.length);
    const distance = leven(wrong.toLowerCase(), name.toLowerCase(), {
      maxDistance: Math.floor(longer / 3) + 1,
    });
    if (distance * 3 <= longer && (best === undefined || distance < best.distance)) best = { name, distance };
  }
  return best?.name;
}
