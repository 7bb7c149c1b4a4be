import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foldEvents } from '../../src/journal/index.js';
import { outcomeOf, progressOf, statusToJson } from '../../src/report/index.js';
import { canvasFor, progressLine } from '../../src/report/live/table.js';
import { failedRun, mergedRun, Recording, START } from './recording.js';

const statuses = (recording: Recording) =>
  Object.fromEntries([...foldEvents(recording.events).tasks].map(([id, task]) => [id, task.status]));

test('a run that merges: tasks, gate, merge and totals', () => {
  const view = foldEvents(mergedRun().events);
  const api = view.tasks.get('api')!;
  assert.equal(api.status, 'succeeded');
  assert.equal(api.attempt, 2);
  assert.equal(api.files, 2);
  assert.equal(api.reason, undefined);
  assert.deepEqual(api.last, { kind: 'said', text: 'Added the endpoints.' });
  assert.deepEqual(api.usage, { inputTokens: 1000, outputTokens: 1, turns: 3 });
  assert.equal(view.gates.get('tests')!.status, 'passed');
  assert.equal(view.gates.get('tests')!.log, 'logs/gate-tests.log');
  assert.equal(view.merge!.state, 'merged');
  assert.deepEqual(view.attempts, { count: 3, ms: 5400 });
  assert.deepEqual(view.finished, { exitCode: 0, ms: 5600, reason: undefined });
});

test('every prefix of a journal folds: a torn one is a run without an end', () => {
  const { events } = mergedRun();
  const seen = events.map((_, index) => foldEvents(events.slice(0, index + 1)).tasks.get('api')!.status);
  assert.deepEqual([...new Set(seen)], ['waiting', 'ready', 'running', 'retrying', 'succeeded']);
  assert.equal(outcomeOf(foldEvents(events.slice(0, 8))).state, 'running');
  assert.equal(outcomeOf(foldEvents(events.slice(0, 8)), false).state, 'interrupted');
  assert.equal(outcomeOf(foldEvents([])).state, 'running');
});

test('a journal whose beginning is lost still folds', () => {
  const view = foldEvents(mergedRun().events.slice(6));
  assert.equal(view.tasks.get('api')!.status, 'succeeded');
  assert.equal(outcomeOf(view).state, 'merged');
});

test('late events of an old attempt or of a finished task change nothing that is shown as current', () => {
  const recording = new Recording()
    .start([{ id: 'a' }])
    .begin('a')
    .begin('a', 2);
  recording.output('a', 'old', 1);
  recording.add({ type: 'attempt.progress', task: 'a', attempt: 1, files: 9 });
  recording.add({ type: 'agent.message', task: 'a', attempt: 1, text: 'old' });
  recording.fail('a', 5, { attempt: 1, retry: true }).begin('a', 1);
  let task = foldEvents(recording.events).tasks.get('a')!;
  assert.deepEqual(
    [task.status, task.attempt, task.tail, task.files, task.last],
    ['running', 2, [], undefined, undefined],
  );
  recording.succeed('a', 10, 3, 2).begin('a', 3);
  recording.add(
    { type: 'task.ready', task: 'a' },
    { type: 'attempt.progress', task: 'a', attempt: 3, files: 9 },
  );
  task = foldEvents(recording.events).tasks.get('a')!;
  assert.deepEqual([task.status, task.attempt, task.files], ['succeeded', 2, 3]);
});

test('waiting for a lock, a rate limit, cancelling', () => {
  const recording = new Recording().start([{ id: 'a' }, { id: 'b' }]);
  recording.add({ type: 'task.waiting', task: 'b', locks: ['db'], holders: ['a'] });
  assert.deepEqual(foldEvents(recording.events).tasks.get('b')!.waitingFor, {
    locks: ['db'],
    holders: ['a'],
  });
  recording.begin('b').fail('b', 10, { outcome: 'rate-limited', retry: true, waitMs: 30_000 });
  const waiting = foldEvents(recording.events).tasks.get('b')!;
  assert.deepEqual(
    [waiting.status, waiting.retryAt, waiting.waitingFor],
    ['retrying', START + 30_000, undefined],
  );
  recording.add(
    { type: 'task.finished', task: 'b', state: 'cancelled', attempts: 1, ms: 10, changes: 0 },
    { type: 'task.finished', task: 'a', state: 'cancelled', attempts: 0, ms: 0, changes: 0 },
  );
  recording.end(130, 20);
  assert.deepEqual(statuses(recording), { a: 'cancelled', b: 'cancelled' });
  assert.equal(outcomeOf(foldEvents(recording.events)).state, 'interrupted');
});

test('resume keeps what succeeded and begins the rest again', () => {
  const recording = failedRun();
  const tasks = [{ id: 'api' }, { id: 'docs', needs: ['api'] }, { id: 'web' }];
  recording.after(60_000).start(tasks, ['tests'], { resumed: true });
  assert.deepEqual(statuses(recording), { api: 'waiting', docs: 'waiting', web: 'succeeded' });
  const view = foldEvents(recording.events);
  assert.equal(view.finished, undefined);
  assert.equal(view.tasks.get('api')!.reason, undefined);
  assert.deepEqual(view.attempts, { count: 0, ms: 0 });
  recording.begin('api', 1).succeed('api', 700, 1);
  assert.deepEqual(statuses(recording), { api: 'succeeded', docs: 'waiting', web: 'succeeded' });
});

test('the tail of a task is bounded and safe, whatever it prints', () => {
  const recording = new Recording().start([{ id: 'a' }]).begin('a');
  recording.output('a', `${'x'.repeat(3_000_000)}\n`);
  recording.output('a', Array.from({ length: 5000 }, (_, index) => `line ${index}`).join('\n'));
  recording.output('a', '10%\r50%\r100%\r\n\u001b]0;title\u0007\tdone\n\n');
  const { tail, last } = foldEvents(recording.events).tasks.get('a')!;
  assert.equal(tail.length, 20);
  assert.deepEqual(tail.slice(-4), ['line 4999', '100%', '\\x1b]0;title\\x07  done', '']);
  assert.equal(last!.text, '\\x1b]0;title\\x07  done');
  assert.equal(foldEvents(recording.events.slice(0, 3)).tasks.get('a')!.tail[0]!.length, 501);
});

test('progress: nothing is known, then the median, then estimates along the longest chain', () => {
  const recording = new Recording().start([{ id: 'a' }, { id: 'b' }, { id: 'c', needs: ['b'] }]);
  recording.begin('a').begin('b').after(10_000);
  assert.deepEqual(progressOf(foldEvents(recording.events), START + 10_000), {
    done: 0,
    total: 3,
    fraction: 0,
  });
  recording.succeed('a', 10_000);
  // b has 0.5 s to go at least (it is never counted as more than 95 % done), c takes 10 s after it.
  const view = foldEvents(recording.events);
  assert.deepEqual(progressOf(view, START + 15_000), {
    done: 1,
    total: 3,
    fraction: 0.65,
    remainingMs: 10_500,
  });
  const chain = new Recording().start(
    Array.from({ length: 20_000 }, (_, n) => ({
      id: `t${n}`,
      estimate: 1,
      needs: n > 0 ? [`t${n - 1}`] : [],
    })).reverse(),
  );
  assert.equal(progressOf(foldEvents(chain.events), START).remainingMs, 20_000);
  const wide = new Recording().start(Array.from({ length: 8 }, (_, n) => ({ id: `t${n}`, estimate: 1000 })));
  assert.equal(progressOf(foldEvents(wide.events), START).remainingMs, 2000);
  assert.equal(progressOf(foldEvents(mergedRun().events), START).fraction, 1);
  assert.equal(progressOf(foldEvents(new Recording().start([]).events), START).fraction, 1);
});

test('progress in files: while only parts of a split run, as many as are done of all', () => {
  const parts = ['m.1', 'm.2', 'm.3'].map((id) => ({ id, filesTotal: 80 }));
  const recording = new Recording().start([{ id: 'setup' }, ...parts, { id: 'after', needs: ['m.1'] }]);
  const files = () => progressOf(foldEvents(recording.events), START).files;
  const done = (task: string, filesDone: number, attempt = 1) =>
    recording.add({ type: 'attempt.progress', task, attempt, files: filesDone * 2, filesDone });
  recording.begin('setup').begin('m.1');
  assert.equal(files(), undefined, 'setup has no files to count');
  recording.succeed('setup', 10);
  assert.deepEqual(files(), { done: 0, total: 240 });
  recording.begin('m.2');
  done('m.1', 30);
  done('m.2', 50);
  assert.deepEqual(files(), { done: 80, total: 240 });
  recording.succeed('m.2', 1000, 12);
  assert.deepEqual(
    files(),
    { done: 110, total: 240 },
    'a task that succeeded is through, whatever it changed',
  );
  recording.fail('m.1', 10, { retry: true }).begin('m.1', 2);
  assert.deepEqual(files(), { done: 80, total: 240 }, 'a new attempt begins again');
  done('m.1', 999, 2);
  assert.deepEqual(files(), { done: 160, total: 240 });
  const view = foldEvents(recording.events);
  assert.match(
    progressLine(view, canvasFor(view, { color: false, columns: 80, now: START })),
    /^Progress: ██████░░░░ 66% \(160\/240 files\)/,
  );
  recording.begin('m.3');
  done('m.3', 80);
  assert.equal(progressOf(foldEvents(recording.events), START).fraction, 0.99);
});

test('an unfinished run is never shown as 100 %, and a cycle in needs does not hang', () => {
  const recording = new Recording().start([{ id: 'a' }, { id: 'b', estimate: 1, needs: ['b'] }]);
  recording.begin('a').succeed('a', 3_600_000);
  const { fraction } = progressOf(foldEvents(recording.events), START);
  assert.equal(fraction, 0.99);
});

test('status --json is plain data with the state, the tasks and the next command', () => {
  const status = JSON.parse(JSON.stringify(statusToJson(foldEvents(failedRun().events))));
  assert.equal(status.state, 'failed');
  assert.deepEqual(status.next, ['forge resume r1', 'forge diff r1']);
  assert.equal(status.exitCode, 1);
  assert.deepEqual(
    status.tasks.map((task: { id: string; state: string; ms: number }) => [task.id, task.state, task.ms]),
    [
      ['api', 'failed', 1500],
      ['docs', 'skipped', 0],
      ['web', 'succeeded', 1500],
    ],
  );
  assert.deepEqual(status.gates, [{ name: 'tests', state: 'waiting' }]);
  assert.equal(status.startedAt, '2026-01-01T00:00:00.000Z');
});

test('folding stays linear: ten times the events and tasks take about ten times as long', () => {
  const record = (tasks: number) => {
    const recording = new Recording().start(Array.from({ length: tasks }, (_, n) => ({ id: `t${n}` })));
    for (let n = 0; n < tasks; n += 1) {
      recording.begin(`t${n}`);
      for (let line = 0; line < 17; line += 1) recording.output(`t${n}`, 'some line of output\n');
      recording.succeed(`t${n}`, 5);
    }
    return recording.events;
  };
  const best = (events: ReturnType<typeof record>) => {
    let least = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 5; round += 1) {
      const before = process.cpuUsage();
      for (let repeat = 0; repeat < 20_000 / events.length; repeat += 1) foldEvents(events);
      const { user, system } = process.cpuUsage(before);
      least = Math.min(least, (user + system) / Math.ceil(20_000 / events.length));
    }
    return least;
  };
  const small = record(100);
  const large = record(1000);
  assert.ok(large.length > 10_000);
  best(small);
  // CPU time as a ratio; a quadratic fold would give about 100.
  const growth = best(large) / best(small);
  assert.ok(growth < 40, `10 times the events cost ${growth.toFixed(1)} times the CPU time`);
});
