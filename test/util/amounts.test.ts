import assert from 'node:assert/strict';
import { test } from 'node:test';
import { count, listed, shortened } from '../../src/util/text/amounts.js';

test('numbers with their noun', () => {
  assert.deepEqual(
    [0, 1, 2].map((number) => count(number, 'file')),
    ['0 files', '1 file', '2 files'],
  );
  assert.equal(count(2, 'retry', 'retries'), '2 retries');
});

test('lists are cut where they are longer than allowed, and only there', () => {
  const names = ['a', 'b', 'c'];
  assert.equal(listed(names, 3), 'a, b, c');
  assert.equal(listed(names, 2), 'a, b and 1 more');
  assert.equal(listed([], 2), '');
  assert.deepEqual(shortened(names, 3, String), names);
  assert.deepEqual(
    shortened(names, 1, (more) => `and ${more} more`),
    ['a', 'and 2 more'],
  );
});
