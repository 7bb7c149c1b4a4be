import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  createMatcher,
  findOverlaps,
  findReaders,
  OVERLAP_LIMIT,
  type Overlap,
} from '../../src/ownership/index.js';

const skip = (): boolean => false;

function overlapOf(a: readonly string[], b: readonly string[], caseInsensitive = false): Overlap | undefined {
  return findOverlaps([a, b], { skip, caseInsensitive })[0];
}

const APART: readonly [string[], string[]][] = [
  [['src/*.ts'], ['src/*.md']],
  [['src/a'], ['src/ab']],
  [['src/a'], ['src/a.ts']],
  [['**', '!src/api/**'], ['src/api/**']],
  [['**', '!src/api'], ['src/api/**/*.ts']],
  [
    ['src/**', '!src/*/gen/**'],
    ['src/a/gen/x', 'src/b/gen/**'],
  ],
  [['a/*'], ['a/b/c']],
  [['*', '!a'], ['a']],
  [['src/*.ts', '!src/*.d.ts'], ['src/*.d.ts']],
  [['{a.*,b}'], ['a.']],
  [['*.*'], ['*.', '!*.*.']],
  [['[^a]*'], ['a*']],
  [['**/.git/**'], ['**']],
  [['.forge/**'], ['**']],
  [['**/.forge/**'], ['**']],
  [['sub/[.]forge'], ['sub/.f?rge']],
  [['sub/.FORGE/**'], ['**']],
  [['SRC/**'], ['src/**']],
  [['?'], ['??']],
  [['+(ab)'], ['*ba']],
  [['{a,b}/x'], ['{c,d}/x']],
  [['a{1..3}'], ['a[4-9]']],
  [[], ['**']],
];

for (const [a, b] of APART) {
  test(`${a} and ${b} share nothing`, () => {
    assert.equal(overlapOf(a, b), undefined);
    assert.equal(overlapOf(b, a), undefined);
  });
}

const WITNESS: readonly [string[], string[], string][] = [
  [['src/**'], ['src/api/**'], 'src/api/a'],
  [['src/**'], ['src/**'], 'src/a'],
  [['src/*'], ['**/*.ts'], 'src/a.ts'],
  [['src/auth.ts'], ['src/'], 'src/auth.ts'],
  [['src/api/'], ['src/api'], 'src/api/a'],
  [['src/**/*.ts'], ['**/index.*'], 'src/index.ts'],
  [['docs/**/name-*.md'], ['docs/*/*x.md'], 'docs/a/name-x.md'],
  [['.*'], ['*.ts'], '.ts'],
  [['??'], ['\u{1f600}'], '\u{1f600}'],
  [['[^a-zA-Z0-9]*'], ['?'], '-'],
];

for (const [a, b, witness] of WITNESS) {
  test(`${a} and ${b} share ${witness}`, () => {
    assert.equal(overlapOf(a, b)?.witness, witness);
    assert.equal(overlapOf(b, a)?.witness, witness);
  });
}

test('a root that ignores case is compared so', () => {
  assert.equal(overlapOf(['SRC/**'], ['src/x.ts'], true)?.witness, 'src/x.ts');
  assert.equal(overlapOf(['**', '!SRC/'], ['src/x.ts'], true), undefined);
});

test('the patterns that overlap are named by their place in the set, subtractions counted', () => {
  const overlap = overlapOf(['!b', 'q*.md', 'src/*.js', 'src/*.ts'], ['x/**', '!src/b.ts', '**/*.ts']);
  assert.deepEqual([overlap?.patternA, overlap?.patternB], [3, 2]);
});

test('a pair that can be decided is preferred to one that cannot', () => {
  assert.equal(overlapOf(['(a|b)\\1', 'c'], ['**'])?.witness, 'c');
  const undecided = overlapOf(['(a|b)\\1'], ['**']);
  assert.equal(undecided?.witness, undefined);
  assert.match(undecided?.undecided ?? '', /`\(a\|b\)\\1` cannot be read: a backslash does not/);
});

test('the pattern that would separate two sets does', () => {
  const separating = (a: string[], b: string[]): unknown => {
    const overlap = overlapOf(a, b);
    if (overlap?.separating !== undefined) {
      const [x, y] =
        overlap.separatingSet === 'a' ? [[...a, overlap.separating], b] : [a, [...b, overlap.separating]];
      assert.equal(overlapOf(x, y), undefined);
    }
    return [overlap?.separating, overlap?.separatingSet];
  };
  assert.deepEqual(separating(['src/**'], ['src/api/**']), ['!src/api/**', 'a']);
  assert.deepEqual(separating(['src/api/**'], ['src/**']), ['!src/api/**', 'b']);
  assert.deepEqual(separating(['src/**'], ['src/**']), [undefined, undefined]);
  assert.deepEqual(separating(['src/**', 'docs/*'], ['src/a', 'docs/b']), [undefined, undefined]);
});

test('only pairs that are not skipped, each once, in order', () => {
  const asked: string[] = [];
  const sets = [['a'], ['b'], ['a', 'a/b', 'b'], ['b/**']];
  const found = findOverlaps(sets, {
    skip: (a, b) => {
      asked.push(`${a} ${b}`);
      return a === 1 && b === 3;
    },
  });
  assert.deepEqual(
    found.map(({ a, b }) => [a, b]),
    [
      [0, 2],
      [1, 2],
      [2, 3],
    ],
  );
  assert.equal(new Set(asked).size, asked.length);
});

test('readers are compared with writers, and with no others', () => {
  const readers = [['src/**'], ['docs/*.md', '!docs/b.md'], []];
  const writers = [['src/a.ts'], ['docs/b.md'], ['docs/', 'x'], ['src/**']];
  const found = findReaders(readers, writers, { skip: (a, b) => a === 0 && b === 3 });
  assert.deepEqual(
    found.map(({ a, b }) => [a, b]),
    [
      [0, 0],
      [1, 2],
    ],
  );
});

test('the limit keeps the first overlaps; readers have none', () => {
  const sets = Array.from({ length: 60 }, () => ['**']);
  assert.equal(findOverlaps(sets, { skip }).length, OVERLAP_LIMIT);
  const some = findOverlaps(sets, { skip, limit: 3 }).map(({ a, b }) => `${a} ${b}`);
  assert.deepEqual(some, ['0 1', '0 2', '0 3']);
  assert.equal(findReaders(sets, sets, { skip }).length, 3600);
});

test('two thousand tasks: only the planted overlaps are found', () => {
  const sets = Array.from({ length: 2000 }, (_, i) => [
    `src/module-${i}/**`,
    `packages/*/part-${i}/**`,
    `docs/**/name-${i}-*.md`,
    `test/*-${i}.ts`,
    `lib/${i}/*.{js,ts}`,
  ]);
  const planted: [number, number, string][] = [
    [3, 1999, 'src/module-3/x/'],
    [17, 500, 'packages/core/part-17/a.ts'],
    [800, 801, 'docs/guide/name-800-x*.md'],
    [40, 41, 'test/a-40.ts'],
    [5, 1500, 'lib/5/b.js'],
  ];
  for (const [, b, pattern] of planted) sets[b]!.push(pattern);
  const found = findOverlaps(sets, { skip });
  assert.deepEqual(
    found.map(({ a, b }) => `${a} ${b}`),
    planted.map(([a, b]) => `${a} ${b}`).sort((x, y) => Number(x.split(' ')[0]) - Number(y.split(' ')[0])),
  );
  for (const { a, b, witness } of found) {
    assert.ok(createMatcher(sets[a]!)(witness!) && createMatcher(sets[b]!)(witness!));
  }
});
