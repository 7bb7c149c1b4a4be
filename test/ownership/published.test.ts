import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkPattern, createMatcher, findOverlaps } from '../../src/ownership/index.js';
import { isFull } from '../rig/effort.js';
import { oracle, shortPaths } from './oracle.js';
import {
  BASH_PATTERNS,
  MINIMATCH_PATTERNS,
  PICOMATCH_PATTERNS,
  PUBLISHED_PATHS,
} from './published-patterns.js';

const SUITES = { bash: BASH_PATTERNS, minimatch: MINIMATCH_PATTERNS, picomatch: PICOMATCH_PATTERNS };
const PATHS = [...PUBLISHED_PATHS, ...shortPaths('abz./', 4)];

for (const [suite, patterns] of Object.entries(SUITES)) {
  for (const caseInsensitive of [false, true]) {
    test(`every pattern of ${suite}'s tests claims what picomatch says, ${caseInsensitive ? 'ignoring case' : 'by case'}`, () => {
      for (const pattern of patterns) {
        const claims = createMatcher([pattern], { caseInsensitive });
        const expected = oracle([pattern], caseInsensitive);
        for (const path of PATHS) {
          assert.equal(claims(path), expected(path), `${JSON.stringify(pattern)} on ${JSON.stringify(path)}`);
        }
      }
    });
  }
}

test('any two published patterns overlap exactly when they share a path, as far as the tables show', () => {
  // Every third one; all of them with FORGE_FULL=1.
  const all = [...new Set(Object.values(SUITES).flat())];
  const patterns = isFull ? all : all.filter((_, i) => i % 3 === 0);
  const sets = patterns.map((pattern) => [pattern]);
  const claims = patterns.map((pattern) => {
    const match = oracle([pattern]);
    return new Set(PATHS.flatMap((path, i) => (match(path) ? [i] : [])));
  });
  const found = new Map<string, string>();
  const undecided = new Set<string>();
  for (const { a, b, witness } of findOverlaps(sets, {
    skip: () => false,
    limit: Number.POSITIVE_INFINITY,
  })) {
    if (witness !== undefined) found.set(`${a} ${b}`, witness);
    else {
      const refused = [a, b].some((i) => checkPattern(patterns[i]!) !== null);
      assert.ok(refused, `undecided, though both are good: ${patterns[a]} and ${patterns[b]}`);
      undecided.add(`${a} ${b}`);
    }
  }
  assert.ok(undecided.size < 0.02 * patterns.length ** 2, `${undecided.size} undecided pairs`);
  const matchers = sets.map((set) => ({ proof: createMatcher(set), oracle: oracle(set) }));
  for (let a = 0; a < sets.length; a += 1) {
    for (let b = a + 1; b < sets.length; b += 1) {
      if (undecided.has(`${a} ${b}`)) continue;
      const witness = found.get(`${a} ${b}`);
      const where = `${JSON.stringify(patterns[a])} and ${JSON.stringify(patterns[b])}`;
      if (witness === undefined) {
        const shared = [...claims[a]!].find((path) => claims[b]!.has(path));
        assert.equal(shared, undefined, `${where} share ${JSON.stringify(PATHS[shared ?? 0])}`);
        continue;
      }
      for (const i of [a, b]) {
        assert.ok(matchers[i]!.oracle(witness), `${where}: picomatch denies ${JSON.stringify(witness)}`);
        assert.ok(matchers[i]!.proof(witness), `${where}: the matcher denies ${JSON.stringify(witness)}`);
      }
    }
  }
});
