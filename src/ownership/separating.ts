import type { Decisions } from './decision.js';
import type { PooledPattern, PooledSet } from './pattern-pool.js';

/**
 * Takes two sets and the patterns `x` of `a` and `y` of `b` by which they overlap; gives a `!pattern` that, added to
 * one of the sets, leaves them nothing in common and the set still something of what its pattern claimed; or
 * nothing, when neither pattern, taken away from the other side, does that.
 */
export function findSeparating(
  a: PooledSet,
  b: PooledSet,
  x: PooledPattern,
  y: PooledPattern,
  decisions: Decisions,
): { separating: string; separatingSet: 'a' | 'b' } | undefined {
  const separates = (from: PooledPattern, taken: PooledPattern): boolean =>
    !/^[!(]/.test(taken.compiled.text) &&
    decisions.search([from], [taken]).state === 'shared' &&
    a.claims.every(({ pattern: left }) =>
      b.claims.every(
        ({ pattern: right }) =>
          decisions.decide(left, right, [...a.subtracts, ...b.subtracts, taken]).state === 'apart',
      ),
    );
  if (separates(x, y)) return { separating: `!${y.compiled.text}`, separatingSet: 'a' };
  if (separates(y, x)) return { separating: `!${x.compiled.text}`, separatingSet: 'b' };
  return undefined;
}
