import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkPattern, createMatcher, findOverlaps } from '../../src/ownership/index.js';
import { ADVERSARIAL, SLOW_TO_MATCH } from './adversarial-patterns.js';

/** Generous: on an idle machine the slowest takes a quarter of a second. A blow-up takes for ever. */
const TIMEOUT = 60_000;

for (const { about, a, b, answer } of ADVERSARIAL) {
  test(`ends: ${about}`, { timeout: TIMEOUT }, (t) => {
    const start = performance.now();
    const [overlap] = findOverlaps([a, b], { skip: () => false });
    const found = overlap === undefined ? 'apart' : overlap.undecided === undefined ? 'shared' : 'undecided';
    t.diagnostic(`${found} in ${(performance.now() - start).toFixed(0)} ms`);
    if (answer !== 'either') assert.equal(found, answer, overlap?.undecided);
    if (overlap?.witness !== undefined) {
      assert.ok(createMatcher(a)(overlap.witness) && createMatcher(b)(overlap.witness));
    }
    for (const pattern of [...a, ...b]) checkPattern(pattern);
  });
}

for (const { pattern, path } of SLOW_TO_MATCH) {
  test(`matching ends: ${pattern.slice(0, 40)} on ${path.length} characters`, { timeout: TIMEOUT }, (t) => {
    const start = performance.now();
    assert.equal(createMatcher([pattern])(path), pattern.includes('?'.repeat(25)));
    t.diagnostic(`${(performance.now() - start).toFixed(0)} ms`);
  });
}

test('hundreds of hostile patterns use up one allowance, not one each', { timeout: TIMEOUT }, () => {
  const hostile = Array.from({ length: 300 }, (_, i) => [
    `*a${'?'.repeat(30)}${i}`,
    `!*b${'?'.repeat(29)}${i}`,
    `!*c${'?'.repeat(28)}*`,
    `!*[!d]${'?'.repeat(27)}*`,
  ]);
  const sets = hostile.map((set, i) => [...set, `*${'?'.repeat(30)}${(i + 1) % 300}`]);
  for (const overlap of findOverlaps(sets, { skip: () => false })) {
    assert.ok((overlap.witness === undefined) !== (overlap.undecided === undefined));
  }
});
