import type { Pattern } from '../pattern/pattern.js';
import type { PatternSet } from './interner.js';
import type { Intersections } from './intersections.js';

/**
 * A `!pattern` that, added to one of two sets that overlap by the patterns `x` of `a` and `y` of `b`, leaves them
 * nothing in common and the set still something of what its pattern claimed; undefined when neither pattern, taken
 * away from the other side, does that.
 */
export function suggestExclusion(
  a: PatternSet,
  b: PatternSet,
  x: Pattern,
  y: Pattern,
  intersections: Intersections,
): { separating: string; separatingSet: 'a' | 'b' } | undefined {
  const separates = (from: Pattern, taken: Pattern): boolean =>
    !/^[!(]/.test(taken.text) &&
    intersections.search([from], [taken]).state === 'shared' &&
    a.claims.every(({ pattern: left }) =>
      b.claims.every(
        ({ pattern: right }) =>
          intersections.of(left, right, [...a.subtracts, ...b.subtracts, taken]).state === 'apart',
      ),
    );
  if (separates(x, y)) return { separating: `!${y.text}`, separatingSet: 'a' };
  if (separates(y, x)) return { separating: `!${x.text}`, separatingSet: 'b' };
  return undefined;
}
