import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foldEvents } from '../../src/journal/index.js';
import { renderMergePreview, renderStatus, renderSummary, statusToJson } from '../../src/report/index.js';
import { failedRun, mergedRun, Recording, START } from './recording.js';

const summary = (recording: Recording, alive?: boolean) =>
  renderSummary(foldEvents(recording.events), { color: false, alive });

/** One task that changed two files. */
const done = () =>
  new Recording()
    .start([{ id: 'a' }], ['tests'])
    .begin('a')
    .succeed('a', 2000, 2);

test('an empty run and an up-to-date one have nothing to do', () => {
  assert.equal(summary(new Recording().start([]).end(0, 5)), 'Nothing to do.\n');
  const idle = new Recording().start([{ id: 'a' }]);
  idle
    .add({ type: 'task.finished', task: 'a', state: 'up-to-date', attempts: 0, ms: 0, changes: 0 })
    .end(0, 5);
  assert.equal(summary(idle), 'Nothing to do.\n');
});

test('the speed-up is told only where attempts really overlapped', () => {
  const recording = new Recording().start(['a', 'b', 'c', 'd'].map((id) => ({ id })));
  for (const id of ['a', 'b', 'c', 'd']) recording.begin(id).succeed(id, 325_000, 0);
  assert.match(summary(recording.end(0, 372_000)), /^4 tasks, 6m12s; one after another 21m40s; 3\.5x\n/);
  recording.end(0, 1_300_000);
  assert.match(summary(recording), /^4 tasks, 21m40s\n/);
  assert.match(summary(done().end(0, 1000)), /^1 task, 1\.0s\n/);
});

test('what became of the merge, and how to go on', () => {
  const next = 'Next: forge merge r1 (merge it), forge diff r1 (see what changed)\n';
  const merge = (state: 'merged' | 'refused' | 'declined' | 'waiting', more: object = {}) =>
    done().add({ type: 'merge.finished', state, paths: ['a', 'b'], ...more });
  assert.equal(summary(merge('merged').end(0, 2100)), '1 task, 2.1s\nMerged 2 files.\n');
  assert.equal(
    summary(merge('merged', { ref: 'refs/heads/feature/x', commit: '0123456789abcdef' }).end(0, 2100)),
    '1 task, 2.1s\nMerged 2 files onto feature/x (0123456789).\n',
  );
  assert.equal(
    summary(merge('merged', { paths: [] }).end(0, 2100)),
    '1 task, 2.1s\nNothing to write: the working tree holds the result already.\n',
  );
  assert.equal(
    summary(merge('waiting', { reason: '--no-merge' }).end(0, 2100)),
    `1 task, 2.1s\nNothing merged yet: --no-merge. 2 files ready.\n${next}`,
  );
  assert.equal(
    summary(merge('declined').end(4, 2100)),
    `1 task, 2.1s\nNothing merged: declined. The result is kept.\n${next}`,
  );
  assert.equal(
    summary(merge('refused', { reason: 'both sides changed the same lines' }).end(3, 2100)),
    '1 task, 2.1s\nNothing merged: both sides changed the same lines (a, b). The result is kept.\n' +
      'Next: forge merge r1 (try again once that is settled), forge diff r1 (see what changed)\n',
  );
});

test('a run that forge merge finished later is merged', () => {
  const recording = done()
    .add({ type: 'merge.finished', state: 'waiting', paths: ['a'] })
    .end(0, 2100);
  assert.match(summary(recording.merged(['a', 'b'])), /\nMerged 2 files\.\n$/);
});

test('no change, interrupted, killed, killed while merging', () => {
  const idle = () =>
    new Recording()
      .start([{ id: 'a' }])
      .begin('a')
      .succeed('a', 2000, 0);
  assert.equal(summary(idle().end(0, 2100)), '1 task, 2.1s\nNothing to merge: no file changed.\n');
  assert.equal(summary(idle().merged([]).end(0, 2100)), '1 task, 2.1s\nNothing to merge: no file changed.\n');
  assert.match(
    summary(done().end(0, 2100)),
    /\nNothing merged: the run ended without a merge\. The result is kept\.\n/,
  );
  const resume = 'Next: forge resume r1 (go on with what is not done)\n';
  assert.equal(
    summary(done().end(130, 2100)),
    `1 task, 2.1s\nNothing merged: the run was interrupted. Finished tasks are kept.\n${resume}`,
  );
  assert.equal(
    summary(new Recording().start([{ id: 'a' }]).begin('a'), false),
    `1 task (1 running)\nNothing merged: forge ended before the run did.\n${resume}`,
  );
  assert.equal(
    summary(done().add({ type: 'merge.started', paths: 2 }), false),
    '1 task\nNothing merged: the merge was interrupted before it wrote anything. The result is kept.\n' +
      'Next: forge merge r1 (merge it)\n',
  );
});

test('many failures are counted, not listed', () => {
  const recording = new Recording().start(Array.from({ length: 30 }, (_, n) => ({ id: `t${n}` })));
  for (let n = 0; n < 30; n += 1)
    recording.add({ type: 'task.finished', task: `t${n}`, state: 'failed', attempts: 1, ms: 1, changes: 0 });
  const lines = summary(recording.end(1, 5)).split('\n');
  assert.equal(lines.length, 15);
  assert.equal(lines[10], '+ 20 more failed');
  assert.equal(lines[12], 'Nothing merged: 30 tasks failed (t0, t1, t2, t3, t4 and 25 more).');
});

test('status of a run that goes on', () => {
  const recording = new Recording().start(
    [{ id: 'api' }, { id: 'ui', needs: ['api'] }, { id: 'docs', estimate: 20_000 }, { id: 'db' }],
    ['tests'],
    { backendReason: 'chosen by the probe' },
  );
  recording.begin('api').succeed('api', 65_000, 3);
  recording
    .begin('docs')
    .fail('docs', 100, { retry: true, waitMs: 90_000, outcome: 'rate-limited', reason: '429' });
  recording.add({ type: 'task.waiting', task: 'db', locks: ['db', 'net'], holders: ['api'] });
  recording.begin('ui').output('ui', 'building\n');
  const view = foldEvents(recording.events);
  assert.equal(
    renderStatus(view, { color: false, columns: 72, now: START + 30_000 }),
    `jwt-auth · /tree · forge.plan.yaml · 4 tasks · 4 at once · overlay (cho…
Run r1: running for 30s (process 4242)

✓ api   succeeded   1m05s  3 files
● ui    running       30s           building
↻ docs  retrying                    again in 1m00s: 429
· db    waiting                     waiting for locks db, net (held by …

Gates:
· tests

Progress: ████░░░░░░ 44% (1/4 tasks), about 1m05s left
`,
  );
  const ascii = renderStatus(view, { color: false, columns: 40, unicode: false, now: START + 30_000 });
  assert.match(ascii, /^[\x20-\x7e\n]*$/);
  assert.match(ascii, /Progress: ####\.\.\.\.\.\. 44%/);
});

test('status of a run that forge did not end: nothing of it is running', () => {
  const recording = new Recording().start(
    [{ id: 'api' }, { id: 'ui' }, { id: 'db' }, { id: 'docs' }],
    ['tests'],
  );
  recording.begin('api').succeed('api', 1000, 3);
  recording.begin('ui').output('ui', 'building\n');
  recording
    .begin('db')
    .fail('db', 100, { retry: true, waitMs: 90_000, outcome: 'rate-limited', reason: '429' });
  recording.add({ type: 'gate.started', name: 'tests', log: 'x' });
  const view = foldEvents(recording.events);
  assert.equal(
    renderStatus(view, { color: false, alive: false }),
    `jwt-auth · /tree · forge.plan.yaml · 4 tasks · 4 at once · overlay
Run r1: interrupted

✓ api   succeeded   1.0s  3 files
■ ui    cancelled                  interrupted
■ db    cancelled                  interrupted
· docs  waiting

Gates:
· tests

4 tasks (1 waiting, 1 succeeded, 2 cancelled)
Nothing merged: forge ended before the run did. Finished tasks are kept.
Next: forge resume r1 (go on with what is not done)
`,
  );
  const json = JSON.stringify(statusToJson(view, { alive: false }));
  assert.doesNotMatch(json, /running|retrying/);
  assert.match(JSON.stringify(statusToJson(view, { alive: true })), /"running".*"retrying"/);
});

test('status of a run that ended', () => {
  assert.equal(
    renderStatus(foldEvents(failedRun().events), { color: false }),
    `jwt-auth · /tree · forge.plan.yaml · 3 tasks · 4 at once · overlay
Run r1: failed

✗ api   failed      1.5s  1 file  1 change outside what it owns
– docs  skipped                   api failed
✓ web   succeeded   1.5s  1 file

Gates:
· tests

api: 1 change outside what it owns
3 tasks (1 failed, 1 succeeded, 1 skipped), 1.5s; one after another 3.0s; 2.0x
Nothing merged: 1 task failed (api). Finished tasks are kept.
Next: forge resume r1 (go on with what is not done), forge diff r1 (see what changed)
`,
  );
  assert.match(renderStatus(foldEvents(mergedRun().events), { color: false }), /^Run r1: merged$/m);
});

test('merge preview: grouped, capped, names safe', () => {
  const created = Array.from({ length: 25 }, (_, n) => ({ path: `new/${n}`, change: 'created' as const }));
  const text = renderMergePreview([
    { path: 'old\u001b[2J', change: 'deleted' },
    ...created,
    { path: 'caf\udce9', change: 'modified' },
    { path: 'run.sh', change: 'mode' },
  ]);
  const lines = text.split('\n');
  assert.equal(lines[0], '28 files: 25 created, 1 modified, 1 with new permissions, 1 deleted');
  assert.deepEqual(lines.slice(20), [
    '  + new/19',
    '  + and 5 more',
    '  ~ caf\\xe9',
    '  * run.sh',
    '  - old\\x1b[2J',
    '',
  ]);
  assert.equal(renderMergePreview([]), 'Nothing to merge.\n');
});
