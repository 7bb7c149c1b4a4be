/**
 * Takes a name that does not exist and those that do; gives the one that was probably meant, or nothing. Close means:
 * edits (insert, delete, replace, swap neighbours; case is ignored) up to a third of the length, and at least one.
 */
export function closestName(name: string, names: Iterable<string>): string | undefined {
  const wanted = name.toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  // Longer names than anybody writes are not worth the quadratic comparison.
  if (wanted.length > 100) return undefined;
  for (const candidate of names) {
    if (Math.abs(candidate.length - wanted.length) >= bestDistance) continue;
    const distance = editDistance(wanted, candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** `did you mean "x"?` for the closest name, or nothing. */
export function didYouMean(name: string, names: Iterable<string>): string | undefined {
  const closest = closestName(name, names);
  return closest === undefined ? undefined : `did you mean \`${closest}\`?`;
}

/** Optimal string alignment distance (Damerau-Levenshtein without overlapping swaps), three rows at a time. */
function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1];
      let distance = Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        distance = Math.min(distance, beforePrevious[j - 2]! + 1);
      row.push(distance);
    }
    beforePrevious = previous;
    previous = row;
  }
  return previous[b.length]!;
}
