import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { codeOf, explain, messageOf, reasonOf } from '../../src/util/errors.js';

const failure = (code: string) => Object.assign(new Error(`${code}: as the system puts it`), { code });

test('a system error in words: what it is, and what to do where that is known', () => {
  assert.equal(explain(failure('ENOSPC')), 'the disk is full: make room');
  assert.equal(explain(failure('ELOOP')), 'its symbolic links go round in circles');
  assert.equal(reasonOf(failure('ENOSPC')), 'the disk is full');
  assert.equal(reasonOf(failure('ENOENT'), { ENOENT: 'there is no such plan' }), 'there is no such plan');
});

test('an error that has no words of ours keeps its own', () => {
  assert.equal(explain(failure('EWHATEVER')), 'EWHATEVER: as the system puts it');
  assert.equal(reasonOf(new Error('no code')), 'no code');
  assert.equal(explain('not even an error'), 'not even an error');
  assert.equal(messageOf(undefined), 'undefined');
});

test('the code of an error is that of the system, whatever was thrown', () => {
  assert.throws(
    () => readFileSync('/nowhere/at/all'),
    (error: unknown) => codeOf(error) === 'ENOENT',
  );
  for (const thrown of [undefined, null, 'ENOENT', { code: 'ENOENT' }, new Error('ENOENT')])
    assert.equal(codeOf(thrown), undefined);
});
