import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { agentNames, loadAdapter } from '../../src/agents/index.js';
import { testTask } from '../rig/droid/run-attempt.js';

async function runShell(run: string) {
  const adapter = await loadAdapter('shell');
  const { argv, env } = await adapter.prepare({
    task: testTask({ agent: 'shell', prompt: undefined, run }),
    attempt: 1,
    prompt: '',
    workspacePath: '/',
    root: '/',
    scratch: '/',
    env: { PATH: process.env.PATH ?? '', GREETING: 'hello  there' },
    others: [],
    caseInsensitive: false,
  });
  const child = spawnSync(argv[0], argv.slice(1), { env, encoding: 'utf8' });
  const reader = adapter.reader();
  const events = child.stdout.split('\n').flatMap((line) => reader.line(line));
  const verdict = reader.finish({ exitCode: child.status, signal: child.signal, stderrTail: child.stderr });
  return { verdict, events, stdout: child.stdout };
}

describe('the shell adapter', () => {
  it('runs the command with sh, in the task’s environment, and makes nothing of its output', async () => {
    const forged = '{"type":"completion","finalText":"x","numTurns":1}';
    const result = await runShell(`echo '${forged}'; echo "$GREETING" | tr a-z A-Z`);
    assert.deepEqual(result, { verdict: { ok: true }, events: [], stdout: `${forged}\nHELLO  THERE\n` });
  });

  it('fails with the exit code and the last line of standard error', async () => {
    const { verdict } = await runShell('echo first >&2; echo no such table >&2; exit 7');
    assert.deepEqual(verdict, { ok: false, reason: 'exit code 7: no such table' });
  });

  it('fails when a signal ends it', async () => {
    const { verdict } = await runShell('kill -TERM $$');
    assert.deepEqual(verdict, { ok: false, reason: 'ended by SIGTERM' });
  });
});

describe('the adapters', () => {
  it('can all be loaded by the name they have', async () => {
    for (const name of agentNames) assert.equal((await loadAdapter(name)).name, name);
    await assert.rejects(loadAdapter('nobody'), /no agent called 'nobody'/);
  });
});
