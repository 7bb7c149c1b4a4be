import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newRunId } from '../../src/run/store/run-folder.js';

test('runs that start in the same second: the later one is the latest', () => {
  let latest = newRunId();
  for (let n = 0; n < 1000; n += 1) {
    const next = newRunId(latest);
    assert.match(next, /^\d{8}-\d{6}-[0-9a-f]{4}$/);
    if (next.slice(0, 15) === latest.slice(0, 15) && !latest.endsWith('ffff'))
      assert.ok(next > latest, `${next} after ${latest}`);
    latest = next;
  }
});
