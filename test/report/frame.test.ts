import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import stringWidth from 'string-width';
import { foldEvents } from '../../src/journal/index.js';
import { canvasFor, renderFrame } from '../../src/report/live/table.js';
import { Recording, START } from './recording.js';

test('the live screen is never wider or higher than the terminal, whatever tasks are called and say', () => {
  const word = fc.string({
    unit: fc.oneof(fc.constantFrom('日', '🚀', 'é', 'x', ' ', '\u001b', '\n'), fc.string()),
    maxLength: 60,
  });
  const step = fc.record({
    id: word,
    said: word,
    end: fc.constantFrom('run', 'succeeded', 'failed', 'skipped', 'cancelled', 'up-to-date', 'none'),
    files: fc.nat(100_000),
  });
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 30 }),
      fc.array(word, { maxLength: 8 }),
      fc.integer({ min: 1, max: 120 }),
      fc.integer({ min: 1, max: 40 }),
      fc.boolean(),
      (steps, gates, columns, rows, color) => {
        const recording = new Recording().start(
          steps.map(({ id }) => ({ id })),
          gates,
          { backendReason: gates[0] },
        );
        for (const { id, said, end, files } of steps) {
          if (end === 'none') continue;
          recording.begin(id);
          recording.add({ type: 'agent.message', task: id, attempt: 1, text: said });
          recording.add({ type: 'attempt.progress', task: id, attempt: 1, files });
          if (end !== 'run')
            recording.add({
              type: 'task.finished',
              task: id,
              state: end,
              attempts: 1,
              ms: files,
              changes: files,
              reason: said,
            });
        }
        gates.forEach((gate, index) => {
          if (index % 3 > 0) recording.gate(gate, index % 3 === 1, 1234);
        });
        recording.add({ type: 'merge.started', paths: 5 });
        const view = foldEvents(recording.events);
        const lines = renderFrame(view, canvasFor(view, { color, columns, now: START + 99_000 }), rows);
        assert.ok(lines.length <= rows);
        for (const line of lines) {
          const text = stripVTControlCharacters(line);
          assert.doesNotMatch(text, /\p{Cc}/u);
          assert.ok(stringWidth(text) <= columns, JSON.stringify(line));
        }
      },
    ),
    { numRuns: 500 },
  );
});

test('more tasks than rows: failed and running ones are shown, the others are counted', () => {
  const recording = new Recording().start(Array.from({ length: 50 }, (_, n) => ({ id: `t${n}` })));
  for (let n = 0; n < 20; n += 1) recording.begin(`t${n}`).succeed(`t${n}`, 1000);
  recording.begin('t30').begin('t31');
  recording.add({
    type: 'task.finished',
    task: 't40',
    state: 'failed',
    attempts: 1,
    ms: 10,
    changes: 0,
    reason: 'bad',
  });
  const view = foldEvents(recording.events);
  assert.deepEqual(renderFrame(view, canvasFor(view, { color: false, columns: 80, now: START + 2500 }), 7), [
    'jwt-auth · /tree · forge.plan.yaml · 50 tasks · 4 at once · overlay',
    '· t20',
    '● t30    2s',
    '● t31    2s',
    '✗ t40  0.0s  0 files  bad',
    '+ 46 more: 20 succeeded, 26 waiting',
    'Progress: ████░░░░░░ 44% (21/50 tasks), about 7s left',
  ]);
});
