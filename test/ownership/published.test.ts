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

const isRefused = (pattern: string): boolean => checkPattern(pattern)?.code === 'pattern-invalid';

test('of the published patterns only these are refused: negated groups, named classes, quotes, unpaired signs, oddities', () => {
  const odd = Object.values(SUITES)
    .flat()
    .filter((pattern) => isRefused(pattern) && !/!\(|\[:|"|\(\?/.test(pattern))
    .filter(
      (pattern) =>
        !/has no partner|no path has|it makes the next|loses backslashes/.test(
          checkPattern(pattern)!.message,
        ),
    );
  assert.deepEqual(odd, [
    ...['\\*\\(a|b\\[\\)', '0|[1-9]*([0-9])', '(a+|b)*', '(a+|b)+', '*(a|{b|c,c})', '[z-a]'],
    ...['a/[2015-03-10T00:23:08.647Z]/z', '[a-0][a-\u0100]', 'a{00..05}b', 'a[b-d]+', 'a|b', 'a/b|c'],
    ...['*(*(a))', '+(*(a)|b)', '*(a|aa)', '+(a|)', '*(|a)', '+(+(a))', '(a)+', '(a|)+b'],
  ]);
});

for (const [suite, patterns] of Object.entries(SUITES)) {
  for (const caseInsensitive of [false, true]) {
    test(`every pattern of ${suite}'s tests claims what picomatch says, ${caseInsensitive ? 'ignoring case' : 'by case'}`, () => {
      for (const pattern of patterns) {
        const claims = createMatcher([pattern], { caseInsensitive });
        if (isRefused(pattern)) {
          assert.ok(!PATHS.some(claims), pattern);
          continue;
        }
        const expected = oracle([pattern], caseInsensitive);
        for (const path of PATHS) {
          assert.equal(claims(path), expected(path), `${JSON.stringify(pattern)} on ${JSON.stringify(path)}`);
        }
      }
    });
  }
}

test('any two published patterns overlap exactly when they share a path, as far as the tables show', () => {
  // Every second one, 8,000 pairs; with FORGE_FULL set all of them.
  const all = [...new Set(Object.values(SUITES).flat())].filter((pattern) => checkPattern(pattern) === null);
  const patterns = isFull ? all : all.filter((_, i) => i % 2 === 0);
  const sets = patterns.map((pattern) => [pattern]);
  const claims = patterns.map((pattern) => {
    const match = oracle([pattern]);
    return new Set(PATHS.flatMap((path, i) => (match(path) ? [i] : [])));
  });
  const found = new Map<string, string>();
  for (const { a, b, witness } of findOverlaps(sets, {
    skip: () => false,
    limit: Number.POSITIVE_INFINITY,
  })) {
    assert.ok(witness !== undefined, `undecided, though both are good: ${patterns[a]} and ${patterns[b]}`);
    found.set(`${a} ${b}`, witness);
  }
  const matchers = sets.map((set) => ({ proof: createMatcher(set), oracle: oracle(set) }));
  for (let a = 0; a < sets.length; a += 1) {
    for (let b = a + 1; b < sets.length; b += 1) {
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
