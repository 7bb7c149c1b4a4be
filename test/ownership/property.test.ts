import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createMatcher, findOverlaps, findReaders, type Overlap } from '../../src/ownership/index.js';
import { cases, SEED } from '../rig/effort.js';
import { oracle, shortPaths } from './oracle.js';
import { PATTERN, PATTERN_SET, pathsNear } from './random-patterns.js';

/** Every path of up to 4 characters that is made of these; longer ones are made for each pattern. */
const PATHS = [
  ...shortPaths('ab./', 4),
  ...shortPaths('aB*\n/', 3),
  'a/a/a',
  'a/b/a',
  'a.b/b.a',
  'ab/.a/a',
  'A',
];
const PATTERNS = cases(600, 20_000);
const PAIRS = cases(3000, 20_000);
const SETS_AT_ONCE = 12;
const PAIRS_AT_ONCE = (SETS_AT_ONCE * (SETS_AT_ONCE - 1)) / 2;
const ROUNDS = Math.ceil(PAIRS / 2 / PAIRS_AT_ONCE);

const never = (): boolean => false;
const show = (set: readonly string[]): string => JSON.stringify(set);

test(`${PATTERNS} random patterns claim of every path what picomatch says`, () => {
  fc.assert(
    fc.property(PATTERN, fc.nat(), (pattern, seed) => {
      const paths = [...PATHS, ...pathsNear(pattern, seed, 50)];
      for (const nocase of [false, true]) {
        const enforced = createMatcher([pattern], { caseInsensitive: nocase });
        const expected = oracle([pattern], nocase);
        for (const path of paths) {
          assert.equal(enforced(path), expected(path), `${show([pattern])} on ${JSON.stringify(path)}`);
        }
      }
    }),
    { numRuns: PATTERNS, seed: SEED, includeErrorInReport: true },
  );
});

/** Checks one answer about two sets, that was decided, against many paths, and the witness against picomatch and the matcher. */
function checkPair(
  x: readonly string[],
  y: readonly string[],
  nocase: boolean,
  seed: number,
  overlap?: Overlap,
): void {
  const [claimsX, claimsY] = [oracle(x, nocase), oracle(y, nocase)];
  if (overlap === undefined) {
    const near = [...x, ...y].flatMap((pattern) => pathsNear(pattern, seed, 20));
    const shared = [...near, ...PATHS].find((path) => claimsX(path) && claimsY(path));
    assert.equal(shared, undefined, `${show(x)} and ${show(y)} share ${JSON.stringify(shared)}`);
    return;
  }
  const { witness } = overlap;
  assert.ok(witness !== undefined);
  for (const [set, claims] of [[x, claimsX] as const, [y, claimsY] as const]) {
    assert.ok(
      claims(witness),
      `picomatch: ${show(set)} does not claim the witness ${JSON.stringify(witness)}`,
    );
    const enforced = createMatcher(set, { caseInsensitive: nocase })(witness);
    assert.ok(enforced, `the matcher: ${show(set)} does not claim the witness ${JSON.stringify(witness)}`);
  }
}

const MANY_SETS = fc.array(PATTERN_SET, { minLength: SETS_AT_ONCE, maxLength: SETS_AT_ONCE });

for (const nocase of [false, true]) {
  test(`overlaps of ${ROUNDS * PAIRS_AT_ONCE} random pairs agree with picomatch on every path, ${nocase ? 'ignoring case' : 'by case'}`, () => {
    let undecided = 0;
    fc.assert(
      fc.property(MANY_SETS, fc.nat(), (sets, seed) => {
        const found = new Map<string, Overlap>();
        for (const overlap of findOverlaps(sets, { skip: never, caseInsensitive: nocase })) {
          assert.ok(overlap.a < overlap.b && !found.has(`${overlap.a} ${overlap.b}`));
          found.set(`${overlap.a} ${overlap.b}`, overlap);
        }
        for (const [a, x] of sets.entries()) {
          for (const [b, y] of sets.entries()) {
            if (a >= b) continue;
            const overlap = found.get(`${a} ${b}`);
            if (overlap?.undecided === undefined) checkPair(x, y, nocase, seed, overlap);
            else undecided += 1;
          }
        }
      }),
      { numRuns: ROUNDS, seed: SEED, includeErrorInReport: true },
    );
    // Subtractions of many alternatives with many wildcards can take more steps than are allowed for a pair.
    assert.ok(undecided <= 2 + ROUNDS / 10, `${undecided} of ${ROUNDS * PAIRS_AT_ONCE} pairs are undecided`);
  });
}

test('enforcement says of a set of patterns, on every short path, what picomatch says', () => {
  fc.assert(
    fc.property(PATTERN_SET, fc.boolean(), (set, nocase) => {
      const enforced = createMatcher(set, { caseInsensitive: nocase });
      const expected = oracle(set, nocase);
      for (const path of PATHS) {
        assert.equal(enforced(path), expected(path), `${show(set)} on ${JSON.stringify(path)}`);
      }
    }),
    { numRuns: cases(300, 3000), seed: SEED, includeErrorInReport: true },
  );
});

test('a random long path is claimed by the matcher exactly when it overlaps with the path as a pattern', () => {
  const path = fc
    .array(fc.constantFrom('a', 'b', 'ab', 'a.b', '.a', 'lib'), { minLength: 1, maxLength: 6 })
    .map((segments) => segments.join('/'));
  fc.assert(
    fc.property(PATTERN_SET, path, (set, name) => {
      // `x` and not below it: a file of that name.
      const [overlap] = findOverlaps([set, [name, `!${name}/`]], { skip: never });
      assert.equal(overlap?.undecided, undefined);
      assert.equal(overlap !== undefined, createMatcher(set)(name));
    }),
    { numRuns: cases(400, 4000), seed: SEED, includeErrorInReport: true },
  );
});

test('the order of the sets, of their patterns and doubled patterns change nothing', () => {
  fc.assert(
    fc.property(PATTERN_SET, PATTERN_SET, (x, y) => {
      const overlap = ([a, b]: readonly (readonly string[])[]): boolean =>
        findOverlaps([a!, b!], { skip: never }).length > 0;
      const expected = overlap([x, y]);
      assert.equal(overlap([y, x]), expected);
      assert.equal(overlap([[...x].reverse(), [...y, ...y]]), expected);
      assert.equal(findReaders([x], [y], { skip: never }).length > 0, expected);
    }),
    { numRuns: cases(250, 2000), seed: SEED, includeErrorInReport: true },
  );
});

test('subtraction only takes away, and takes away everything of its own pattern', () => {
  fc.assert(
    fc.property(PATTERN_SET, PATTERN_SET, PATTERN, (x, y, pattern) => {
      fc.pre(!/^(?:\.\/)*\(/.test(pattern));
      const overlap = (a: readonly string[], b: readonly string[]): boolean =>
        findOverlaps([a, b], { skip: never }).length > 0;
      const less = [`!${pattern}`, ...x];
      if (overlap(less, y)) assert.ok(overlap(x, y));
      assert.ok(!overlap(less, [pattern]), `${show(less)} still overlaps with ${pattern}`);
      assert.ok(!overlap([`!${pattern}`], y), 'a set of subtractions claims nothing');
    }),
    { numRuns: cases(250, 2000), seed: SEED, includeErrorInReport: true },
  );
});

test('ignoring case, the case of the patterns changes nothing', () => {
  fc.assert(
    fc.property(PATTERN_SET, PATTERN_SET, (x, y) => {
      const plain = (set: readonly string[]): boolean => !set.some((text) => /[[\\]|\.\./.test(text));
      fc.pre(plain(x) && plain(y));
      const overlap = (a: readonly string[], b: readonly string[]): boolean =>
        findOverlaps([a, b], { skip: never, caseInsensitive: true }).length > 0;
      const upper = x.map((text) => text.toUpperCase());
      assert.equal(overlap(x, y), overlap(upper, y));
      const subtracts = [...x, ...y].some((text) => text.startsWith('!'));
      if (!subtracts && findOverlaps([x, y], { skip: never }).length > 0) assert.ok(overlap(x, y));
    }),
    { numRuns: cases(250, 2000), seed: SEED, includeErrorInReport: true },
  );
});
