import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ForgeEvent } from '../../../src/journal/index.js';
import { cases, SEED } from '../../rig/effort.js';
import { BACKENDS, eventsOf, project } from '../../rig/project.js';
import { afterAll, CAPACITY, planText, type RandomPlan, randomPlan, startFiles } from './random-plan.js';

const FIRST = SEED ?? Date.now() % 1_000_000;

/** Order, concurrency and locks, as the journal has them. */
function checkJournal(plan: RandomPlan, events: readonly ForgeEvent[], done: ReadonlySet<string>): void {
  const byId = new Map(plan.tasks.map((task) => [task.id, task]));
  const running = new Set<string>();
  const succeeded = new Set(done);
  for (const event of events) {
    if (event.type === 'attempt.started') {
      const task = byId.get(event.task)!;
      for (const need of task.needs) assert.ok(succeeded.has(need), `${task.id} started before ${need}`);
      assert.ok(!succeeded.has(task.id), `${task.id} ran twice`);
      running.add(task.id);
      assert.ok(running.size <= plan.concurrency, `${running.size} at once`);
      for (const [name, capacity] of Object.entries(CAPACITY)) {
        const holders = [...running].flatMap((id) =>
          byId.get(id)!.locks.filter((lock) => lock.name === name),
        );
        const writers = holders.filter(({ mode }) => mode === 'write').length;
        assert.ok(writers <= capacity, `${writers} writers of ${name}`);
        assert.ok(writers === 0 || writers === holders.length, `readers beside writers of ${name}`);
      }
    } else if (event.type === 'task.finished') {
      running.delete(event.task);
      if (event.state === 'succeeded' || event.state === 'up-to-date') succeeded.add(event.task);
    }
  }
  assert.deepEqual([...running], []);
  assert.deepEqual(
    events.map(({ seq }) => seq),
    events.map((_, index) => events[0]!.seq + index),
    'no event is missing',
  );
}

/** Concurrency as the tasks themselves saw it. */
function checkTrace(plan: RandomPlan, file: string): void {
  const running = new Set<string>();
  for (const line of readFileSync(file, 'utf8').trim().split('\n')) {
    const [what, id] = line.split(' ') as [string, string];
    if (what === 'end') running.delete(id);
    else running.add(id);
    assert.ok(running.size <= plan.concurrency, `${[...running].join(', ')} at once`);
  }
}

for (let n = 0; n < cases(6, 30); n += 1) {
  const plan = randomPlan(FIRST + n);
  const backend = BACKENDS[n % BACKENDS.length]!;
  test(`random plan ${plan.seed} on ${backend} (${plan.tasks.length} tasks): order, limits, and exactly the sum of the changes`, async (t) => {
    const here = project(t, {
      ...startFiles(plan),
      'free.txt': 'free\n',
      'gone.txt': 'gone\n',
      'forge.plan.yaml': planText(plan),
    });
    const env = { TRACE: join(here.dir, '../trace'), ALLOWED: join(here.dir, '../allowed') };
    const edit = () => {
      here.write({ 'free.txt': 'edited\n', 'fresh/by-user.txt': 'user\n', 't0/by-user.txt': 'user\n' });
    };
    let edited = false;
    const first = await here.forge(
      ['apply', '--json', '--backend', backend, ...(n % 3 === 0 ? ['-k'] : [])],
      {
        env,
        started: (child) => {
          // The user edits as soon as the run has begun.
          child.stdout!.once('data', () => {
            edit();
            edited = true;
          });
        },
      },
    );
    assert.ok(edited);
    const start = project(t, {
      ...startFiles(plan),
      'free.txt': 'free\n',
      'gone.txt': 'gone\n',
      'forge.plan.yaml': planText(plan),
    });
    start.write({ 'free.txt': 'edited\n', 'fresh/by-user.txt': 'user\n', 't0/by-user.txt': 'user\n' });
    const base = start.tree();
    checkJournal(plan, first.events, new Set());
    checkTrace(plan, env.TRACE);
    const failing = plan.tasks.some(({ fails }) => fails);
    assert.equal(first.code, failing ? 1 : 0, first.stderr);
    if (failing) {
      assert.deepEqual(here.tree(), base, 'a failed run touches nothing');
      writeFileSync(env.ALLOWED, '');
      const done = new Set(
        eventsOf(first.events, 'task.finished').flatMap(({ task, state }) =>
          state === 'succeeded' ? [task] : [],
        ),
      );
      const resumed = await here.forge(['resume', '--json'], { env });
      assert.equal(resumed.code, 0, resumed.stderr);
      checkJournal(plan, resumed.events, done);
    }
    assert.deepEqual(here.tree(), afterAll(plan, base));
    assert.equal(existsSync(here.path('gone.txt')), true);
    assert.deepEqual(
      here.scratch().filter((name) => name.includes(here.run())),
      [],
    );
    const again = await here.forge(['resume']);
    assert.equal(again.code, 2, 'merged already');
  });
}
