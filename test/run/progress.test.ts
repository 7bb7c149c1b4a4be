import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AttemptRequest } from '../../src/run/attempt/executor.js';
import { reportProgress } from '../../src/run/attempt/progress.js';
import type { Workspace } from '../../src/workspace/index.js';

test('progress that cannot be told, as on a full disk, ends nothing', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const request = { task: { id: 'a' }, attempt: 1 } as AttemptRequest;
  const workspace = { filesChanged: async () => 1 } as unknown as Workspace;
  let told = 0;
  const stop = reportProgress(request, workspace, () => {
    told += 1;
    throw new Error('the disk is full');
  });
  t.mock.timers.tick(1_000);
  await new Promise(setImmediate);
  await stop();
  assert.equal(told, 1);
});
