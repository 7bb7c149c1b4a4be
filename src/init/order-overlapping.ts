import { findOverlaps } from '../ownership/index.js';
import type { Area } from './areas.js';

/**
 * Takes areas; gives them with `needs` where two may write a common path after all, or where that can't be decided (names
 * of folders can be anything, and many patterns are hard to compare). An order makes such a plan valid, and says so.
 */
export function orderOverlapping(areas: readonly Area[]): Area[] {
  const overlaps = findOverlaps(
    areas.map(({ owns }) => owns),
    { skip: () => false },
  );
  return areas.map((area, index) => ({
    ...area,
    needs: overlaps.filter(({ b }) => b === index).map(({ a }) => areas[a]!.id),
  }));
}
