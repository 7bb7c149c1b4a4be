import assert from 'node:assert/strict';
import { test } from 'node:test';
import { routes } from '../src/api/index.js';

test('the server is healthy', async () => {
  assert.deepEqual(await routes['GET /api/health']({ headers: {}, body: {} }), { status: 200, json: { ok: true } });
});
