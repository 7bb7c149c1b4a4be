import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { partition } from '../../src/plan/tasks/partition.js';

const segment = fc.constantFrom('a', 'b', 'c', 'dd', 'é', '.x', 'a.js', 'A');
const path = fc
  .tuple(fc.array(segment, { maxLength: 4 }), fc.nat(200))
  .map(([folders, n]) => [...folders.map((name) => `${name}_`), `f${n}`].join('/'));
const tree = fc.uniqueArray(path, { maxLength: 400, size: 'max' });
const into = fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 60 }));

describe('divide', () => {
  it('disjoint, complete, none empty, balanced, deterministic', () => {
    fc.assert(
      fc.property(tree, into, fc.nat(), (files, count, seed) => {
        const parts = partition(files, count);
        assert.equal(parts.length, Math.min(count, files.length));
        assert.deepEqual(parts.flat().sort(), [...files].sort());
        for (const part of parts) assert.deepEqual(part, [...part].sort());
        const sizes = parts.map((part) => part.length);
        const average = files.length / Math.max(1, parts.length);
        const spread = Math.max(0, ...sizes) - Math.min(...sizes, Math.max(0, ...sizes));
        assert.ok(spread <= Math.max(1, average / 5), `${sizes}`);
        assert.ok(files.length === 0 || Math.min(...sizes) > 0);
        const shuffled = [...files].sort((a, b) => ((a.length * seed) % 7) - ((b.length * seed) % 7));
        assert.deepEqual(partition(shuffled, count), parts);
      }),
      { numRuns: 1000 },
    );
  });

  it('folders of the right size stay whole', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 30 }), (count, size) => {
        const files = Array.from({ length: count }, (_, d) =>
          Array.from({ length: size }, (_, n) => `src/d${d}/${n % 2 ? 'x/' : ''}f${n}.js`),
        ).flat();
        for (const part of partition(files, count))
          assert.equal(new Set(part.map((file) => file.split('/')[1])).size, 1);
      }),
    );
  });

  it('a folder is broken up only as far as balance needs', () => {
    const many = (folder: string, n: number) =>
      Array.from({ length: n }, (_, i) => `${folder}/${String(i).padStart(3, '0')}.js`);
    const files = [...many('src/api', 62), ...many('src/components', 58), ...many('src/utils', 41)];
    const parts = partition([...files, ...many('src/services', 38), ...many('lib', 8)], 5);
    const folders = parts.map((part) => [...new Set(part.map((file) => file.replace(/\/\d.*/, '')))]);
    assert.ok(Math.max(...parts.map(({ length }) => length)) <= 46);
    assert.ok(folders.some((names) => names.includes('lib')));
    assert.ok(folders.flat().length <= 12, JSON.stringify(folders));
    // One flat folder is cut into runs.
    assert.deepEqual(
      partition(many('src', 247), 5).map((part) => [part.length, part[0], part.at(-1)]),
      [
        [49, 'src/000.js', 'src/048.js'],
        [50, 'src/049.js', 'src/098.js'],
        [49, 'src/099.js', 'src/147.js'],
        [50, 'src/148.js', 'src/197.js'],
        [49, 'src/198.js', 'src/246.js'],
      ],
    );
  });

  it('100,000 files in 10,000 folders into 200 parts', { timeout: 60_000 }, () => {
    const files = Array.from({ length: 100_000 }, (_, n) => `src/${n % 100}/${(n >> 3) % 97}/${n}.js`);
    assert.equal(partition(files, 200).length, 200);
  });
});
