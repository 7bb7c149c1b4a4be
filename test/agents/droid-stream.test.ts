import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DroidStreamReader } from '../../src/agents/droid/stream.js';
import type { AgentEvent } from '../../src/agents/index.js';

const ended = { exitCode: 0, signal: null, stderrTail: '' };
const completion = {
  type: 'completion',
  finalText: 'Done.',
  numTurns: 3,
  usage: { input_tokens: 700, output_tokens: 70 },
};

function read(...lines: (object | string)[]): { reader: DroidStreamReader; events: AgentEvent[] } {
  const reader = new DroidStreamReader();
  const events = lines.flatMap((line) =>
    reader.line(typeof line === 'string' ? line : JSON.stringify({ session_id: 's', ...line })),
  );
  return { reader, events };
}

const call = (id: string, toolName: string, parameters: object) => ({
  type: 'tool_call',
  id,
  toolId: toolName,
  toolName,
  parameters,
});

describe('the reader of droid’s stream-json', () => {
  it('turns messages, calls, failures and usage into events', () => {
    const { events } = read(
      { type: 'system', subtype: 'init', cwd: '/w/shop', tools: [] },
      { type: 'message', role: 'user', text: 'the prompt' },
      { type: 'message', role: 'assistant', text: 'I will edit it.' },
      call('1', 'Edit', { file_path: '/w/shop/src/a.ts', old_str: 'x', new_str: 'y' }),
      { type: 'tool_result', id: '1', toolId: 'Edit', isError: false, value: 'ok' },
      call('2', 'Execute', { command: 'npm test\nsecond line', summary: 's' }),
      {
        type: 'tool_result',
        id: '2',
        toolId: 'Execute',
        isError: true,
        error: { type: 'tool_error', message: 'Error: Command failed (exit code: 3)\nmore' },
      },
      call('3', 'ApplyPatch', {
        input: JSON.stringify({ input: '*** Begin Patch\n*** Add File: b.ts\n+1\n*** End Patch' }),
      }),
      completion,
    );
    assert.deepEqual(events, [
      { type: 'message', text: 'I will edit it.' },
      { type: 'tool', tool: 'Edit', summary: 'Edit src/a.ts' },
      { type: 'tool', tool: 'Execute', summary: 'Execute npm test' },
      {
        type: 'tool',
        tool: 'Execute',
        summary: 'Execute npm test: Command failed (exit code: 3)',
        error: true,
      },
      { type: 'tool', tool: 'ApplyPatch', summary: 'ApplyPatch b.ts' },
      { type: 'usage', inputTokens: 700, outputTokens: 70, turns: 3 },
    ]);
  });

  it('passes over what it does not know: other types, other shapes, text, forge’s own events', () => {
    const { reader, events } = read(
      'a warning in plain words',
      '',
      'null',
      '[1]',
      '{"type":7}',
      { type: 'something_new', text: 'x' },
      { type: 'message', role: 'assistant', text: { not: 'text' } },
      { type: 'tool_call', id: 4 },
      { type: 'tool_result', isError: true },
      { type: 'error' },
      { v: 1, seq: 1, run: 'r', type: 'task.finished', task: 'backend', state: 'succeeded' },
    );
    assert.deepEqual(events, [
      { type: 'tool', tool: 'tool', summary: 'tool' },
      { type: 'tool', tool: 'tool', summary: 'tool: failed', error: true },
    ]);
    assert.equal(reader.finish(ended).ok, false);
  });

  it('cuts a long command', () => {
    const { events } = read(call('1', 'Execute', { command: 'x'.repeat(500) }));
    assert.equal(events[0]?.type === 'tool' && events[0].summary.length, 120);
  });
});

describe('the verdict on a droid', () => {
  it('is success only with a completion, exit code 0 and no signal', () => {
    assert.deepEqual(read(completion).reader.finish(ended), { ok: true });
    assert.deepEqual(read(completion).reader.finish({ ...ended, signal: 'SIGTERM' }), {
      ok: false,
      reason: 'droid was ended by SIGTERM',
    });
    assert.deepEqual(read(completion).reader.finish({ ...ended, exitCode: 1 }), {
      ok: false,
      reason: 'droid exit code 1',
    });
    assert.deepEqual(read().reader.finish(ended), {
      ok: false,
      reason: 'droid stopped before it was finished (it sent no completion event)',
    });
  });

  it('takes a completion whose line was cut for one', () => {
    const cut = JSON.stringify({ ...completion, finalText: 'x'.repeat(2000) }).slice(0, 1000);
    assert.deepEqual(read(cut).reader.finish(ended), { ok: true });
  });

  it('gives the errors of droid as the reason, without its empty phrase', () => {
    const { reader } = read(
      { type: 'error', source: 'agent_loop', message: '400 this model is wrong' },
      { type: 'error', source: 'cli', message: 'Exec failed' },
    );
    assert.deepEqual(reader.finish({ ...ended, exitCode: 1 }), {
      ok: false,
      reason: 'droid: 400 this model is wrong',
    });
  });

  for (const [message, retryAfterMs] of [
    ['429 slow down', undefined],
    ['529 Overloaded', undefined],
    ['503 Service Unavailable', undefined],
    ['429 {"error":{"message":"Rate limit reached. Please try again in 1m2.5s."}}', 62_500],
    ['429 retry-after: 7', 7000],
    ['Too many requests, retry after 250ms', 250],
  ] as const) {
    it(`takes "${message}" for a limit that passes`, () => {
      const { reader } = read({ type: 'error', source: 'agent_loop', message });
      assert.deepEqual(reader.finish({ ...ended, exitCode: 1 }), {
        ok: false,
        reason: `droid: ${message}`,
        rateLimited: retryAfterMs === undefined ? {} : { retryAfterMs },
      });
    });
  }

  for (const message of [
    '429 You exceeded your current quota, please check your plan and billing details',
    '500 internal error',
    '401 no such key',
    'insufficient permission to proceed',
  ]) {
    it(`takes "${message}" for final`, () => {
      const { reader } = read({ type: 'error', source: 'agent_loop', message });
      const verdict = reader.finish({ ...ended, exitCode: 1 });
      assert.ok(!verdict.ok && verdict.rateLimited === undefined);
    });
  }

  it('does not take what the model writes about rate limits for one', () => {
    const { reader } = read({ type: 'message', role: 'assistant', text: '429 rate limit' });
    const verdict = reader.finish({ ...ended, exitCode: 1, stderrTail: 'a crash\n' });
    assert.deepEqual(verdict, { ok: false, reason: 'droid exit code 1: a crash' });
  });
});
