import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Home } from '../../rig/calling-home.js';
import { BACKENDS, eventsOf, project } from '../../rig/project.js';

for (const backend of BACKENDS) {
  test(`${backend}: tasks run at the same time, see what they need and nothing else, and all of it is merged`, async (t) => {
    const home = await Home.open(t);
    const here = project(t, {
      'base.txt': 'base\n',
      'forge.plan.yaml': `
version: 1
tasks:
  one: { run: '${home.command('one')} && cat base.txt > out/one.txt', owns: [out/one.txt] }
  two: { run: '${home.command('two')} && test ! -e out/one.txt && echo two > out/two.txt', owns: [out/two.txt] }
  sum: { run: 'cat out/one.txt out/two.txt > out/sum.txt', owns: [out/sum.txt], needs: [one, two] }
gates:
  - { name: sum, run: 'test "$(cat out/sum.txt)" = "$(printf "base\\nuncommitted\\ntwo")"' }
`,
      'out/keep': '',
      '.gitignore': 'ignored/\n',
    });
    here.write({ 'base.txt': 'base\nuncommitted\n', 'ignored/secret': 'x' });
    const running = here.forge(['apply', '--json', '--backend', backend]);
    const [one, two] = await Promise.all([home.called('one'), home.called('two')]);
    assert.equal(
      existsSync(here.path('out/one.txt')),
      false,
      'nothing is in the working tree before the merge',
    );
    one.end();
    two.end();
    const result = await running;
    assert.equal(result.code, 0, result.stderr);
    assert.equal(here.read('out/sum.txt'), 'base\nuncommitted\ntwo\n');
    assert.deepEqual(
      eventsOf(result.events, 'task.finished')
        .map(({ task, state, changes }) => [task, state, changes])
        .sort(),
      [
        ['one', 'succeeded', 1],
        ['sum', 'succeeded', 1],
        ['two', 'succeeded', 1],
      ],
    );
    assert.deepEqual(eventsOf(result.events, 'merge.finished')[0]?.paths, [
      'out/one.txt',
      'out/sum.txt',
      'out/two.txt',
    ]);
    assert.equal(eventsOf(result.events, 'run.started')[0]?.backend, backend);
    assert.equal(result.events.at(-1)?.type, 'run.finished');
    assert.deepEqual(
      result.events.map(({ seq }) => seq),
      result.events.map((_, index) => index + 1),
    );
    const journal = readFileSync(here.path(`.forge/runs/${here.run()}/journal.ndjson`), 'utf8');
    assert.equal(journal, result.stdout, '--json prints the journal');
    assert.equal(here.git('status', '--porcelain', '--', '.forge'), '', '.forge ignores itself');
    assert.deepEqual(
      here.scratch().filter((name) => /upper|work|integration|\.one/.test(name)),
      [],
    );
  });
}

test('concurrency and -j limit how many run at once', async (t) => {
  const home = await Home.open(t);
  const tasks = ['a', 'b', 'c', 'd'].map((id) => `  ${id}: { run: '${home.command(id)}' }`).join('\n');
  const here = project(t, { 'forge.plan.yaml': `version: 1\nconcurrency: 4\ntasks:\n${tasks}\n` });
  const running = here.forge(['apply', '-j2', '--json']);
  for (const id of ['a', 'b', 'c', 'd']) (await home.called(id)).end();
  const result = await running;
  assert.equal(result.code, 0, result.stderr);
  assert.ok(home.most <= 2, `${home.most} ran at once`);
});

test('naming tasks runs those and what they need', async (t) => {
  const here = project(t, {
    'forge.plan.yaml': `
version: 1
tasks:
  a: { run: 'echo a > a', owns: [a] }
  b: { run: 'echo b > b', owns: [b], needs: [a] }
  c: { run: 'echo c > c', owns: [c] }
`,
  });
  const result = await here.forge(['apply', 'b']);
  assert.equal(result.code, 0, result.stderr);
  assert.ok(existsSync(here.path('a')) && existsSync(here.path('b')) && !existsSync(here.path('c')));
  const wrong = await here.forge(['apply', 'bb']);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /no task bb; did you mean b\?/);
});

test('reads gives order and sight, as a prerequisite does in make', async (t) => {
  const here = project(t, {
    'forge.plan.yaml': `
version: 1
tasks:
  report: { run: 'cat data/x > report', owns: [report], reads: [data/**] }
  data: { run: 'mkdir -p data && echo made > data/x', owns: [data/**] }
`,
  });
  const result = await here.forge(['apply']);
  assert.equal(result.code, 0, result.stderr);
  assert.equal(here.read('report'), 'made\n');
});

test('locks: writers of one lock never run together; the wait is told and takes no slot', async (t) => {
  const home = await Home.open(t);
  const here = project(t, {
    'forge.plan.yaml': `
version: 1
concurrency: 2
tasks:
  w1: { run: '${home.command('w1')}', locks: [db] }
  w2: { run: '${home.command('w2')}', locks: [db] }
  free: { run: '${home.command('free')}' }
`,
  });
  const running = here.forge(['apply', '--json']);
  const writers = { w1: home.called('w1'), w2: home.called('w2') };
  const first = await Promise.race(Object.values(writers));
  const free = await home.called('free');
  assert.equal(home.connected, 2);
  first.end();
  const second = await writers[first.name === 'w1' ? 'w2' : 'w1'];
  free.end();
  second.end();
  const result = await running;
  assert.equal(result.code, 0, result.stderr);
  const [waiting] = eventsOf(result.events, 'task.waiting');
  assert.deepEqual([waiting?.task, waiting?.locks, waiting?.holders], [second.name, ['db'], [first.name]]);
});

test('-n prints what would run, in order, and starts nothing', async (t) => {
  const here = project(t, {
    'forge.plan.yaml': `
version: 1
tasks:
  b: { run: 'echo b > b', owns: [b], needs: [a] }
  a: { run: 'echo a > a', owns: [a] }
gates: [{ name: tests, run: npm test }]
`,
  });
  const result = await here.forge(['apply', '-n']);
  assert.equal(result.code, 0, result.stderr);
  assert.ok(result.stdout.indexOf('  a  ') < result.stdout.indexOf('  b  '), result.stdout);
  assert.match(result.stdout, /gate tests {2}run: npm test/);
  assert.equal(existsSync(here.path('.forge')), false);
});

test('--no-merge stops before the merge with exit 0; forge diff shows the work, forge merge merges it, once', async (t) => {
  const here = project(t, {
    'file.txt': 'one\n',
    'forge.plan.yaml': `
version: 1
tasks:
  edit: { run: 'echo two >> file.txt', owns: [file.txt] }
gates: [{ name: grep, run: 'grep two file.txt' }]
`,
  });
  const applied = await here.forge(['apply', '--no-merge']);
  assert.equal(applied.code, 0, applied.stderr);
  assert.equal(here.read('file.txt'), 'one\n');
  assert.match(applied.stdout, new RegExp(`forge merge ${here.run()}`));
  const diff = await here.forge(['diff']);
  assert.match(diff.stdout, /^\+two$/m);
  const merged = await here.forge(['merge']);
  assert.equal(merged.code, 0, merged.stderr);
  assert.equal(here.read('file.txt'), 'one\ntwo\n');
  const again = await here.forge(['merge']);
  assert.equal(again.code, 2);
  assert.match(again.stderr, /merged already/);
});

test('forge abort gives up a waiting run; its work can still be seen', async (t) => {
  const here = project(t, {
    'forge.plan.yaml': `version: 1\ntasks:\n  a: { run: 'echo a > a', owns: [a] }\n`,
  });
  await here.forge(['apply', '--no-merge']);
  const aborted = await here.forge(['abort']);
  assert.equal(aborted.code, 0, aborted.stderr);
  assert.match((await here.forge(['diff'])).stdout, /^\+a$/m);
  assert.match((await here.forge(['clean'])).stdout, /^removed /);
  assert.equal((await here.forge(['ls'])).stdout, '');
});

test('nothing is left to do: a plan whose tasks change nothing merges nothing and exits 0', async (t) => {
  const here = project(t, {
    a: 'same\n',
    'forge.plan.yaml': `version: 1\ntasks:\n  a: { run: 'echo same > a', owns: [a] }\n`,
  });
  const before = here.tree();
  const result = await here.forge(['apply', '--json']);
  assert.equal(result.code, 0, result.stderr);
  assert.equal(eventsOf(result.events, 'task.finished')[0]?.changes, 0);
  assert.deepEqual(here.tree(), before);
});

test('status, logs and ls tell about the latest run', async (t) => {
  const here = project(t, {
    'forge.plan.yaml': `version: 1\nname: talk\ntasks:\n  a: { run: 'printf "hello\\\\377\\\\n"; echo a > a', owns: [a] }\n`,
  });
  await here.forge(['apply']);
  assert.match((await here.forge(['status'])).stdout, /a .*succeeded|succeeded.* a|✓ +a/);
  const json = JSON.parse((await here.forge(['status', '--json'])).stdout) as { run: string };
  assert.equal(json.run, here.run());
  assert.match((await here.forge(['logs', 'a'])).stdout, /^hello/);
  assert.match((await here.forge(['ls'])).stdout, new RegExp(`^${here.run()}  merged`));
  const wrong = await here.forge(['logs', 'b']);
  assert.equal(wrong.code, 2);
});

test('a task gets the plan’s env and its own, and knows where it is', async (t) => {
  const here = project(t, {
    'forge.plan.yaml': `
version: 1
env: { A: plan, B: plan }
tasks:
  a: { run: 'echo "$A $B $FORGE_TASK $FORGE_TRY" > out; pwd >> out', owns: [out], env: { B: task } }
`,
  });
  const result = await here.forge(['apply', '--backend', 'overlay']);
  assert.equal(result.code, 0, result.stderr);
  assert.equal(here.read('out'), `plan task a 1\n${here.dir}\n`);
});

test('a second forge on the same root is refused with a clear line and exit 3', async (t) => {
  const home = await Home.open(t);
  const here = project(t, {
    'forge.plan.yaml': `version: 1\ntasks:\n  a: { run: '${home.command('a')}' }\n`,
  });
  const first = here.forge(['apply']);
  const caller = await home.called('a');
  const second = await here.forge(['apply']);
  assert.equal(second.code, 3);
  assert.match(second.stderr, /another forge \(pid \d+, .*\) is at work on/);
  caller.end();
  assert.equal((await first).code, 0);
});
