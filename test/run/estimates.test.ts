import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import type { LockUse, Task } from '../../src/plan/index.js';
import { forecast } from '../../src/run/schedule/dry-run.js';
import { estimatesOf } from '../../src/run/schedule/estimates.js';
import { eventsOf, project } from '../rig/project.js';

const PLAN = `version: 1
concurrency: 2
tasks:
  slow: { run: "true", estimate: 20m }
  quick: { run: "true", estimate: 5m }
  after: { run: "true", needs: [quick], estimate: 95m }
`;

test('what past runs took, else the plan’s estimate; announced, and the longest way starts first', async (t) => {
  const here = project(t, { 'forge.plan.yaml': PLAN });
  const first = await here.forge(['apply', '--json', '-j', '1']);
  assert.equal(first.code, 0, first.stderr);
  const announced = eventsOf(first.events, 'run.started')[0]!.tasks.map(({ id, estimate }) => [id, estimate]);
  assert.deepEqual(announced, [
    ['slow', 20 * 60_000],
    ['quick', 5 * 60_000],
    ['after', 95 * 60_000],
  ]);
  assert.deepEqual(
    eventsOf(first.events, 'attempt.started').map(({ task }) => task),
    ['quick', 'after', 'slow'],
  );
  // As if `slow` had been the long one.
  const journal = here.path(`.forge/runs/${here.run()}/journal.ndjson`);
  const events = readFileSync(journal, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  for (const event of events)
    if (event.type === 'task.finished') event.ms = event.task === 'slow' ? 90_000 : 1000;
  writeFileSync(journal, events.map((event) => `${JSON.stringify(event)}\n`).join(''));
  const dry = await here.forge(['apply', '-n']);
  assert.match(dry.stdout, /^about 90 s|^about 1.5 min|^about 2 min$/m);
  const second = await here.forge(['apply', '--json', '-j', '1']);
  assert.deepEqual(
    eventsOf(second.events, 'run.started')[0]!.tasks.map(({ id, estimate }) => [id, estimate]),
    [
      ['slow', 90_000],
      ['quick', 1000],
      ['after', 1000],
    ],
  );
  assert.deepEqual(
    eventsOf(second.events, 'attempt.started').map(({ task }) => task),
    ['slow', 'quick', 'after'],
  );
});

test('only successes of this plan’s latest runs count; damaged journals tell nothing', (t) => {
  const here = project(t, {}, { git: false });
  const run = (name: string, lines: object[], plan = '/p/forge.plan.yaml') => {
    mkdirSync(here.path(`.forge/runs/${name}`), { recursive: true });
    const all = [{ type: 'run.started', plan, tasks: [], gates: [] }, ...lines].map(
      (line, n) => `${JSON.stringify({ v: 1, seq: n + 1, at: '', run: name, ...line })}\n`,
    );
    writeFileSync(here.path(`.forge/runs/${name}/journal.ndjson`), all.join(''));
  };
  const finished = (ms: number, state = 'succeeded', task = 'a') => ({
    type: 'task.finished',
    task,
    state,
    ms,
  });
  run('0-too-old', [finished(1_000_000)]);
  run('1', [finished(10), { type: 'attempt.output', text: '"type":"task.finished"' }]);
  run('2', [finished(30)]);
  run('3', [finished(5, 'failed'), finished(7, 'up-to-date'), finished(20)]);
  run('4', [finished(9999)], '/other/plan.yaml');
  run('5', []);
  appendFileSync(
    join(here.dir, '.forge/runs/5/journal.ndjson'),
    '{"v":1,"seq":2,"at":"","run":"5","type":"task.finished","task":"a","state":"succeeded","ms":4',
  );
  const tasks = ['a', 'b', 'c'].map((id) => ({
    id,
    ...(id === 'b' && { estimate: 7 }),
  })) as unknown as Task[];
  const estimates = estimatesOf({ file: '/p/forge.plan.yaml', root: here.dir, tasks });
  assert.deepEqual(
    [...estimates],
    [
      ['a', 20],
      ['b', 7],
    ],
  );
});

const task = (
  id: string,
  estimate: number | undefined,
  prerequisites: string[] = [],
  locks: LockUse[] = [],
) => ({
  id,
  task: { id, locks } as unknown as Task,
  locks,
  prerequisites,
  startsFrom: [],
  priority: estimate ?? 1,
  ...(estimate !== undefined && { estimate }),
});

test('forecast: concurrency, order and locks count; nothing is said when something is not known', () => {
  const four = ['a', 'b', 'c', 'd'].map((id) => task(id, 10));
  assert.deepEqual(forecast(four, 4, {}), { parallelMs: 10, serialMs: 40 });
  assert.deepEqual(forecast(four, 3, {}), { parallelMs: 20, serialMs: 40 });
  assert.deepEqual(forecast([task('a', 10), task('b', 5, ['a'])], 4, {}), { parallelMs: 15, serialMs: 15 });
  const locked = ['a', 'b'].map((id) => task(id, 10, [], [{ name: 'db', mode: 'write' }]));
  assert.deepEqual(forecast(locked, 4, {}), { parallelMs: 20, serialMs: 20 });
  assert.equal(forecast([task('a', 10), task('b', undefined)], 4, {}), undefined);
  assert.equal(forecast([], 4, {}), undefined);
});

test('forecast: between the two lower bounds and one after another', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1 }),
      fc.integer({ min: 1, max: 9 }),
      (all, jobs) => {
        const tasks = all.map((ms, n) => task(`t${n}`, ms, n % 3 === 2 ? [`t${n - 1}`] : []));
        const { parallelMs, serialMs } = forecast(tasks, jobs, {})!;
        assert.equal(
          serialMs,
          all.reduce((sum, ms) => sum + ms),
        );
        assert.ok(parallelMs <= serialMs && parallelMs >= Math.max(...all, serialMs / jobs));
        if (jobs === 1) assert.equal(parallelMs, serialMs);
      },
    ),
  );
});
