import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { Home } from '../../rig/calling-home.js';
import { BACKENDS, eventsOf, project } from '../../rig/project.js';

const states = (events: Parameters<typeof eventsOf>[0]) =>
  Object.fromEntries(eventsOf(events, 'task.finished').map(({ task, state }) => [task, state]));

test('a failing task: what depends on it is skipped, nothing is merged, exit 1, the way on is told', async (t) => {
  const here = project(t, {
    'forge.plan.yaml': `
version: 1
concurrency: 1
tasks:
  good: { run: 'echo good > good', owns: [good] }
  bad: { run: 'echo bad > bad; echo reason >&2; exit 7', owns: [bad], needs: [good] }
  after: { run: 'true', needs: [bad] }
`,
  });
  const before = here.tree();
  const result = await here.forge(['apply', '--json']);
  assert.equal(result.code, 1);
  assert.deepEqual(states(result.events), { good: 'succeeded', bad: 'failed', after: 'skipped' });
  assert.deepEqual(here.tree(), before);
  const attempt = eventsOf(result.events, 'attempt.finished').find(({ task }) => task === 'bad');
  assert.deepEqual([attempt?.outcome, attempt?.exitCode], ['exit', 7]);
  const plain = await here.forge(['apply']);
  assert.match(plain.stdout + plain.stderr, /reason/);
  assert.match(plain.stdout + plain.stderr, /forge resume \S+/);
});

test('without -k a failure stops launching; with -k whatever does not depend on it goes on', async (t) => {
  const here = project(t, {
    'forge.plan.yaml': `
version: 1
concurrency: 1
tasks:
  bad: { run: 'exit 1', estimate: 10m }
  other: { run: 'echo x > other', owns: [other] }
  after: { run: 'true', needs: [bad] }
`,
  });
  const stopped = await here.forge(['apply', '--json']);
  assert.deepEqual(states(stopped.events), { bad: 'failed', other: 'skipped', after: 'skipped' });
  const kept = await here.forge(['apply', '--json', '-k']);
  assert.equal(kept.code, 1);
  assert.deepEqual(states(kept.events), { bad: 'failed', other: 'succeeded', after: 'skipped' });
  assert.equal(existsSync(here.path('other')), false);
});

for (const sent of ['TERM', 'KILL']) {
  test(`a task that sends SIG${sent} to its process group (kill 0) reaches itself alone`, async (t) => {
    const home = await Home.open(t);
    const here = project(t, {
      'forge.plan.yaml': `
version: 1
concurrency: 2
tasks:
  killer: { run: '${home.command('killer')}; kill -${sent} 0; sleep 1000' }
  other: { run: '${home.command('other')} && echo x > other', owns: [other] }
  next: { run: '${home.command('next')}' }
`,
    });
    const run = here.forge(['apply', '--json', '-k']);
    const [killer, other] = await Promise.all([home.called('killer'), home.called('other')]);
    killer.end();
    // There is room for it when the first has ended.
    const next = await home.called('next');
    for (const caller of [next, other]) caller.end();
    const { events } = await run;
    assert.deepEqual(states(events), { killer: 'failed', other: 'succeeded', next: 'succeeded' });
    const attempt = eventsOf(events, 'attempt.finished').find(({ task }) => task === 'killer');
    assert.equal(attempt?.signal, `SIG${sent}`);
  });
}

test('resume runs only what did not succeed, and merges', async (t) => {
  const here = project(t, {
    'forge.plan.yaml': `
version: 1
tasks:
  once: { run: 'echo run >> "$COUNTER"; echo once > once', owns: [once] }
  flaky: { run: 'test -e "$ALLOWED" && cat once > flaky', owns: [flaky], needs: [once] }
`,
  });
  const env = { COUNTER: `${here.state}.counter`, ALLOWED: `${here.state}.allowed` };
  const failed = await here.forge(['apply'], { env });
  assert.equal(failed.code, 1);
  here.write({ '../state.allowed': '' });
  const resumed = await here.forge(['resume', '--json'], { env });
  assert.equal(resumed.code, 0, resumed.stderr);
  assert.deepEqual(states(resumed.events), { once: 'up-to-date', flaky: 'succeeded' });
  assert.equal(here.read('flaky'), 'once\n');
  assert.equal(here.read('../state.counter'), 'run\n');
});

for (const backend of BACKENDS) {
  test(`${backend}: a failing verify fails the attempt; a retry starts afresh and may succeed`, async (t) => {
    const here = project(t, {
      'forge.plan.yaml': `
version: 1
tasks:
  a:
    run: 'test ! -e leftover && echo $FORGE_TRY > out && touch leftover'
    owns: [out, leftover]
    verify: 'echo checking; test "$(cat out)" = 2'
    retries: 2
`,
    });
    const result = await here.forge(['apply', '--json', '--backend', backend]);
    assert.equal(result.code, 0, result.stderr);
    assert.deepEqual(
      eventsOf(result.events, 'attempt.finished').map(({ attempt, outcome, retry }) => [
        attempt,
        outcome,
        retry,
      ]),
      [
        [1, 'verify', true],
        [2, 'succeeded', undefined],
      ],
    );
    assert.equal(eventsOf(result.events, 'task.finished')[0]?.attempts, 2);
    assert.equal(here.read('out'), '2\n');
    assert.match((await here.forge(['logs', 'a', '--all'])).stdout, /checking[\s\S]*checking/);
  });

  test(`${backend}: what verify writes is not the task's work`, async (t) => {
    const here = project(t, {
      'forge.plan.yaml': `version: 1\ntasks:\n  a: { run: 'echo a > a', owns: [a], verify: 'echo litter > litter; echo b > a' }\n`,
    });
    const result = await here.forge(['apply', '--backend', backend]);
    assert.equal(result.code, 0, result.stderr);
    assert.equal(here.read('a'), 'a\n');
    assert.equal(existsSync(here.path('litter')), false);
  });

  test(`${backend}: a timeout ends the task and everything it started`, async (t) => {
    const home = await Home.open(t);
    const here = project(t, {});
    // A machine can be so busy that the time is over before both have called home: then again with more.
    for (const timeout of ['1s', '10s', '100s']) {
      const [orphan, main] = [`orphan-${timeout}`, `main-${timeout}`];
      here.write({
        'forge.plan.yaml': `
version: 1
tasks:
  slow:
    run: 'trap "" TERM; (setsid ${home.command(orphan)} &) ; ${home.command(main)}; sleep 1000'
    timeout: ${timeout}
`,
      });
      const running = here.forge(['apply', '--json', '--backend', backend]);
      const called = Promise.all([home.called(orphan), home.called(main)]).then(() => true);
      const wereInTime = await Promise.race([called, running.then(() => false)]);
      const result = await running;
      assert.equal(result.code, 1);
      assert.equal(eventsOf(result.events, 'attempt.finished')[0]?.outcome, 'timeout');
      assert.equal(home.connected, 0, 'nothing is left running');
      if (wereInTime) return;
    }
    assert.fail('the callers never came in time');
  });

  test(`${backend}: a gate that fails merges nothing; what it wrote is gone; resume runs the gates again`, async (t) => {
    const here = project(t, {
      'forge.plan.yaml': `
version: 1
tasks:
  a: { run: 'echo a > a', owns: [a] }
gates:
  - { name: first, run: 'echo built > built && test -e a' }
  - { name: second, run: 'cat built && echo broken && test -e "$ALLOWED"' }
  - { name: third, run: 'true' }
`,
    });
    const env = { ALLOWED: `${here.state}.allowed` };
    const before = here.tree();
    const result = await here.forge(['apply', '--json', '--backend', backend], { env });
    assert.equal(result.code, 1);
    assert.deepEqual(
      eventsOf(result.events, 'gate.finished').map(({ name, ok }) => [name, ok]),
      [
        ['first', true],
        ['second', false],
      ],
    );
    assert.deepEqual(here.tree(), before);
    assert.match((await here.forge(['logs', 'second'])).stdout, /built\nbroken/);
    here.write({ '../state.allowed': '' });
    const resumed = await here.forge(['resume'], { env });
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.equal(here.read('a'), 'a\n');
    assert.equal(existsSync(here.path('built')), false);
  });
}

test('a missing agent is found before anything starts, exit 2', async (t) => {
  const here = project(t, {
    'forge.plan.yaml': `
version: 1
agents: { droid: { model: x } }
tasks:
  a: { prompt: do it, owns: [a] }
`,
  });
  const result = await here.forge(['apply'], { env: { PATH: '/usr/bin:/bin' } });
  assert.equal(result.code, 2);
  assert.match(result.stderr, /droid/);
  assert.equal(existsSync(here.path('.forge')), false);
});

test('a run that cannot keep its files fails with a clear message and no stack trace', async (t) => {
  const here = project(t, { 'forge.plan.yaml': `version: 1\ntasks:\n  a: { run: 'true' }\n` });
  here.write({ '.forge': 'a file where forge wants a folder' });
  const result = await here.forge(['apply']);
  assert.equal(result.code, 1);
  assert.doesNotMatch(result.stderr, /\n\s+at /);
  assert.deepEqual(readdirSync(here.dir).sort(), ['.forge', '.git', 'forge.plan.yaml']);
});

test('one task makes a file of what is a folder for another: said by name, nothing merged', async (t) => {
  const here = project(t, {
    'forge.plan.yaml': `
version: 1
tasks:
  file: { run: 'echo f > a1', owns: ['a*'] }
  folder: { run: 'mkdir a1 && echo x > a1/x', owns: ['a1/x'] }
`,
  });
  const before = here.tree();
  const result = await here.forge(['apply']);
  assert.equal(result.code, 1, result.stderr);
  assert.match(result.stdout + result.stderr, /file makes a1 a file, folder a directory/);
  assert.deepEqual(here.tree(), before);
});
