import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RateLimits } from '../../src/run/schedule/rate-limit.js';

test('limits halve how many run at once, down to one; each attempt that gets through adds one, up to the plan’s number', () => {
  const limits = new RateLimits(8);
  const seen: number[] = [];
  for (let times = 1; times <= 4; times += 1) {
    limits.hit(times);
    seen.push(limits.limit);
  }
  for (let count = 0; count < 9; count += 1) {
    limits.passed();
    seen.push(limits.limit);
  }
  assert.deepEqual(seen, [4, 2, 1, 1, 2, 3, 4, 5, 6, 7, 8, 8, 8]);
});

test('property: waits are full jitter under a doubling ceiling of at most five minutes, and never shorter than asked for', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 60 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.option(fc.integer({ min: 0, max: 1_000_000 }), { nil: undefined }),
      (times, random, asked) => {
        const wait = new RateLimits(4, () => random, 1000).hit(times, asked);
        const ceiling = Math.min(300_000, 1000 * 2 ** (times - 1));
        assert.ok(wait >= (asked ?? 0));
        assert.ok(wait <= Math.max(ceiling, asked ?? 0));
      },
    ),
  );
});
