import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { test } from 'node:test';
import { Home } from '../../rig/calling-home.js';
import { BACKENDS, eventsOf, project } from '../../rig/project.js';

for (const backend of BACKENDS) {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    test(`${backend}: ${signal} stops launching, ends the tasks, keeps finished work for resume, exit ${code}`, async (t) => {
      const home = await Home.open(t);
      const here = project(t, {
        'forge.plan.yaml': `
version: 1
concurrency: 2
tasks:
  done: { run: 'echo done > done && echo ran >> "$COUNTER"', owns: [done], estimate: 1h }
  slow: { run: '(setsid ${home.command('child')} &) ; echo half > half; ${home.command('slow')}; echo slow > slow', owns: [slow, half], needs: [done] }
  later: { run: 'echo later > later', owns: [later], needs: [slow] }
`,
      });
      const env = { COUNTER: `${here.state}.counter` };
      const before = here.tree();
      let forge: ChildProcess | undefined;
      const running = here.forge(['apply', '--json', '--backend', backend], {
        env,
        started: (child) => {
          forge = child;
        },
      });
      await Promise.all([home.called('slow'), home.called('child')]);
      forge!.kill(signal);
      const result = await running;
      assert.equal(result.code, code, result.stderr);
      assert.equal(home.connected, 0, 'nothing is left running');
      assert.deepEqual(here.tree(), before);
      const states = eventsOf(result.events, 'task.finished').map(({ task, state }) => [task, state]);
      assert.deepEqual(states.sort(), [
        ['done', 'succeeded'],
        ['later', 'cancelled'],
        ['slow', 'cancelled'],
      ]);
      assert.deepEqual(
        here.scratch().filter((name) => name.includes(here.run())),
        [],
      );
      assert.match(
        (await here.forge(['diff', 'slow'])).stdout,
        /^\+half$/m,
        'what it had done so far can be seen',
      );
      const resuming = here.forge(['resume', '--json'], { env });
      (await home.called('slow')).end();
      const resumed = await resuming;
      assert.equal(resumed.code, 0, resumed.stderr);
      assert.equal(here.read('slow'), 'slow\n');
      assert.equal(here.read('later'), 'later\n');
      assert.equal(here.read('../state.counter'), 'ran\n', 'finished work is not done twice');
    });
  }

  test(`${backend}: the second Ctrl-C is immediate and leaves nothing running`, async (t) => {
    const home = await Home.open(t);
    const here = project(t, {
      'forge.plan.yaml': `version: 1\ntasks:\n  a: { run: 'trap "" TERM INT; ${home.command('a')}; ${home.command('again')}' }\n`,
    });
    let forge: ChildProcess | undefined;
    const running = here.forge(['apply', '--backend', backend], {
      started: (child) => {
        forge = child;
      },
    });
    await home.called('a');
    forge!.kill('SIGINT');
    // SIGTERM ended the first command; the shell ignores it and goes on, so forge is in its grace period now.
    await home.called('again');
    forge!.kill('SIGINT');
    const result = await running;
    assert.equal(result.code, 130);
    await home.allGone();
    assert.equal(home.connected, 0);
  });

  test(`${backend}: SIGKILL of forge leaves nothing running, and resume finishes the run`, async (t) => {
    const home = await Home.open(t);
    const here = project(t, {
      'forge.plan.yaml': `
version: 1
tasks:
  done: { run: 'echo done > done && echo ran >> "$COUNTER"', owns: [done] }
  slow: { run: '(setsid ${home.command('child')} &) ; ${home.command('slow')}; echo slow > slow', owns: [slow], needs: [done] }
`,
    });
    const env = { COUNTER: `${here.state}.counter` };
    const before = here.tree();
    let forge: ChildProcess | undefined;
    const running = here.forge(['apply', '--backend', backend], {
      env,
      started: (child) => {
        forge = child;
      },
    });
    await Promise.all([home.called('slow'), home.called('child')]);
    forge!.kill('SIGKILL');
    await running;
    await home.allGone();
    assert.deepEqual(here.tree(), before);
    const resuming = here.forge(['resume'], { env });
    (await home.called('slow')).end();
    const resumed = await resuming;
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.equal(here.read('slow'), 'slow\n');
    assert.equal(here.read('../state.counter'), 'ran\n');
    assert.deepEqual(
      here.scratch().filter((name) => name.includes(here.run())),
      [],
    );
  });
}

test('status of a run that was killed says of no task that it is running', async (t) => {
  const home = await Home.open(t);
  const here = project(t, {
    'forge.plan.yaml': `version: 1\ntasks:\n  a: { run: '${home.command('a')}' }\n`,
  });
  let forge: ChildProcess | undefined;
  const running = here.forge(['apply'], {
    started: (child) => {
      forge = child;
    },
  });
  await home.called('a');
  assert.match((await here.forge(['status'])).stdout, /^● a +running/m);
  forge!.kill('SIGKILL');
  await running;
  const status = (await here.forge(['status'])).stdout;
  assert.match(status, /^Run .*: interrupted$/m);
  assert.match(status, /^■ a +cancelled +interrupted$/m);
  assert.doesNotMatch(status, /running/);
});
