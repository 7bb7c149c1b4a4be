import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { eventsOf, project } from '../../rig/project.js';

/**
 * Stands in for droid where only what it prints matters: refused with 429 as often as the file named by LIMITS says,
 * then it writes the file its prompt names and completes.
 */
const DROID = `#!/bin/sh
left=$(cat "$LIMITS-$FORGE_TASK" 2>/dev/null || echo "$REFUSALS")
if [ "$left" -gt 0 ]; then
  echo $((left - 1)) > "$LIMITS-$FORGE_TASK"
  echo '{"type":"error","source":"agent_loop","message":"429 Too Many Requests"}'
  exit 1
fi
echo "$FORGE_TRY" > "$FORGE_TASK"
echo '{"type":"completion","finalText":"done","numTurns":1,"durationMs":1,"usage":{"input_tokens":1,"output_tokens":1}}'
`;

test('a burst of rate limits costs time, not attempts: every task succeeds in its first', async (t) => {
  const here = project(t, {
    'droid.sh*': DROID,
    'forge.plan.yaml': `
version: 1
concurrency: 4
agents: { droid: { command: ./droid.sh } }
defaults: { retries: 0 }
tasks:
  a: { prompt: do a, owns: [a] }
  b: { prompt: do b, owns: [b] }
  c: { prompt: do c, owns: [c] }
  d: { prompt: do d, owns: [d] }
`,
  });
  const env = { LIMITS: `${here.state}.limits`, REFUSALS: '3', FORGE_BACKOFF_MS: '20' };
  const result = await here.forge(['apply', '--json'], { env });
  assert.equal(result.code, 0, result.stderr + result.stdout);
  const limited = eventsOf(result.events, 'attempt.finished').filter(
    ({ outcome }) => outcome === 'rate-limited',
  );
  assert.equal(limited.length, 12);
  assert.ok(limited.every(({ attempt, retry, waitMs }) => attempt === 1 && retry && waitMs !== undefined));
  for (const { attempts, state } of eventsOf(result.events, 'task.finished'))
    assert.deepEqual([attempts, state], [1, 'succeeded']);
  for (const id of ['a', 'b', 'c', 'd']) assert.equal(here.read(id), '1\n');
});

test('an agent that fails is told on its retry what went wrong: verify’s output, in its prompt', async (t) => {
  const here = project(t, {
    'droid.sh*': DROID,
    'forge.plan.yaml': `
version: 1
goal: the goal
agents: { droid: { command: ./droid.sh } }
tasks:
  a: { prompt: do a, owns: [a], retries: 1, verify: 'echo because-of-this; grep 2 a' }
`,
  });
  const env = { LIMITS: `${here.state}.limits`, REFUSALS: '0' };
  const result = await here.forge(['apply', '--json'], { env });
  assert.equal(result.code, 0, result.stderr + result.stdout);
  const prompt = (attempt: number) =>
    readFileSync(here.path(`.forge/runs/${here.run()}/tasks/a/attempt-${attempt}/prompt.md`), 'utf8');
  assert.doesNotMatch(prompt(1), /because-of-this\n/);
  assert.match(prompt(2), /verify failed[\s\S]*because-of-this/i);
});
