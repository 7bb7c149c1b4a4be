/** What a task does to the processes and pipes by which forge starts it reaches no other task. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { NEEDS_ROOT } from '../../rig/disk.js';
import { BACKENDS, environment, eventsOf, FORGE, type ForgeResult, project } from '../../rig/project.js';

const plan = (tasks: Record<string, object>, top: object = {}) =>
  JSON.stringify({ version: 1, concurrency: 1, ...top, tasks });
const logOf = (result: ForgeResult, task: string) =>
  readFileSync(eventsOf(result.events, 'attempt.started').find((event) => event.task === task)!.log, 'utf8');
const succeeded = (result: ForgeResult) => assert.equal(result.code, 0, result.stdout + result.stderr);

const OTHER_SHELL = existsSync('/bin/bash') ? false : 'there is no bash here';

for (const backend of BACKENDS) {
  test(`${backend}: where sh is bash, tasks run, and what they start is ended`, {
    skip: OTHER_SHELL,
  }, async (t) => {
    const here = project(t, {
      'forge.plan.yaml': plan({
        a: {
          run: '(exec sleep 1000) & (exit 3) & echo "$BASH_VERSION" > a',
          owns: ['a'],
          verify: 'test -s a',
        },
        b: { run: 'kill -KILL $$', needs: ['a'], owns: ['b'] },
      }),
    });
    const bin = here.path('../bin');
    mkdirSync(bin);
    symlinkSync('/bin/bash', join(bin, 'sh'));
    const PATH = `${bin}:${process.env.PATH}`;
    const result = await here.forge(['apply', '-k', '--yes', '--json', '--backend', backend], {
      env: { PATH },
    });
    assert.equal(result.code, 1, result.stdout + result.stderr);
    const [a, b] = eventsOf(result.events, 'attempt.finished');
    assert.equal(a?.outcome, 'succeeded', JSON.stringify(a));
    assert.equal(b?.signal ?? b?.exitCode, 'SIGKILL', JSON.stringify(b));
    assert.deepEqual(here.scratch(), []);
  });

  test(`${backend}: with few open files, a task is never given the command of another`, async (t) => {
    const names = Array.from({ length: 24 }, (_, n) => `f/${n}`);
    const here = project(t, {
      'forge.plan.yaml': plan(
        {
          a: {
            split: { files: 'f/*', into: names.length },
            run: 'echo changed >${{ split.files }}; echo RAN ${{ split.files }}',
            owns: ['${{ split.owns }}'],
            verify: 'echo VERIFY ${{ split.files }}',
          },
        },
        { concurrency: 8 },
      ),
      ...Object.fromEntries(names.map((name) => [name, ''])),
    });
    let ended = 0;
    for (const limit of [52, 56, 60, 64]) {
      const { stdout } = spawnSync(
        'sh',
        ['-c', `ulimit -n ${limit}; exec "$0" "$@"`, process.execPath, FORGE].concat([
          'apply',
          '-B',
          '-k',
          '--no-merge',
          '--json',
          '--backend',
          backend,
        ]),
        { cwd: here.dir, env: { ...environment(), FORGE_STATE_DIR: here.state }, encoding: 'utf8' },
      );
      const events = stdout
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line));
      const started = new Map(eventsOf(events, 'attempt.started').map(({ task, log }) => [task, log]));
      for (const { task, outcome } of eventsOf(events, 'attempt.finished')) {
        const log = started.get(task)!;
        const lines = existsSync(log) ? readFileSync(log, 'utf8').split('\n') : [];
        const told = lines.flatMap((line) => /^(?:RAN|VERIFY) (.*)/.exec(line)?.[1] ?? []);
        assert.ok(new Set(told).size <= 1, `${task} printed ${told.join(', ')} (ulimit -n ${limit})`);
        if (outcome !== 'succeeded') continue;
        ended += 1;
        assert.deepEqual(
          lines.filter((line) => line.startsWith('RAN')).length,
          1,
          `${task} ran (ulimit -n ${limit})`,
        );
      }
    }
    assert.ok(ended > 0, 'no task ran at all');
  });

  test(`${backend}: commands and variables of any length, and processes left behind, don't harm the next command`, async (t) => {
    const long = 'x'.repeat(100_000);
    const run = (name: string) => `(exec sleep 1000) & echo "${name} \${#LONG}" > ${name}`;
    const names = ['a', 'b', 'c'];
    const here = project(t, {
      'forge.plan.yaml': plan({
        ...Object.fromEntries(
          names.map((name) => [
            name,
            { run: `: ${long}; ${run(name)}`, owns: [name], verify: 'echo fine', env: { LONG: long } },
          ]),
        ),
        // The keeper has nothing to do with what it did not start.
        killer: { run: 'echo k > k; kill -KILL -1; exit 1', owns: ['k'] },
        last: { run: 'echo l > l', owns: ['l'], needs: ['killer'] },
      }),
    });
    const result = await here.forge(['apply', '-k', '--yes', '--json', '--backend', backend]);
    const outcomes = eventsOf(result.events, 'task.finished').map(({ task, state }) => `${task} ${state}`);
    assert.deepEqual(outcomes.sort(), [
      'a succeeded',
      'b succeeded',
      'c succeeded',
      'killer failed',
      'last skipped',
    ]);
    for (const name of names) assert.equal(logOf(result, name).split('\n').at(-2), 'fine');
  });

  test(`${backend}: a pipe that a task keeps by another name is no later task's output`, {
    skip: NEEDS_ROOT,
  }, async (t) => {
    const here = project(t);
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const pinned = (name: string) => here.path(`../pinned-${name}`);
    const pin = (name: string) => ({ run: `ln -L /proc/self/fd/1 '${pinned(name)}'`, owns: [name] });
    here.write({ 'forge.plan.yaml': plan(Object.fromEntries(names.map((name) => [name, pin(name)]))) });
    succeeded(await here.forge(['apply', '--yes', '--backend', backend]));
    // A pipe that is pinned keeps its number: nobody else can have got it.
    const numbers = new Set(names.map((name) => statSync(pinned(name)).ino));
    assert.equal(numbers.size, names.length);
  });

  test(`${backend}: values of variables are in no process's arguments`, async (t) => {
    const here = project(t, {
      'forge.plan.yaml': plan({
        a: { run: 'echo "$PLAIN" > a', owns: ['a'], env: { PLAIN: 'not-for-others' } },
      }),
    });
    const bin = here.path('../my bin');
    const seen = here.path('../seen');
    mkdirSync(bin);
    for (const name of ['setsid', 'env', 'setpriv', 'unshare', 'nsenter', 'mount', 'mkfifo', 'rm', 'sh']) {
      const real = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim();
      writeFileSync(
        join(bin, name),
        `#!/bin/sh\n/usr/bin/tr '\\0' ' ' </proc/$$/cmdline >>'${seen}'\nexec ${real} "$@"\n`,
      );
      chmodSync(join(bin, name), 0o755);
    }
    writeFileSync(seen, '');
    succeeded(
      await here.forge(['apply', '--yes', '--backend', backend], {
        env: { PATH: `${bin}:${process.env.PATH}` },
      }),
    );
    assert.equal(here.read('a'), 'not-for-others\n');
    const all = readFileSync(seen, 'utf8');
    assert.match(all, /setsid .*env .*setpriv /s);
    assert.doesNotMatch(all, /not-for-others/);
  });
}

test('what a task does to its empty state folder is not there for the next', {
  skip: NEEDS_ROOT,
}, async (t) => {
  const here = project(t);
  here.write({
    'forge.plan.yaml': plan({
      a: {
        run: `chown 1000:1000 '${here.state}'/forge-0; setfattr -n user.told -v x '${here.state}'/forge-0; :`,
        owns: ['a'],
      },
      b: {
        run: `{ stat -c '%u %g' '${here.state}'/forge-0; getfattr -d '${here.state}'/forge-0; } > b`,
        owns: ['b'],
        needs: ['a'],
      },
    }),
  });
  const result = await here.forge(['apply', '--yes', '--json', '--backend', 'overlay']);
  succeeded(result);
  assert.equal(here.read('b'), '0 0\n');
});

test('a task that sets limits for the first process of its view changes at most what is said of itself', {
  skip: NEEDS_ROOT,
}, async (t) => {
  const here = project(t, {
    'forge.plan.yaml': plan({
      a: { run: 'prlimit --pid 1 --fsize=0; exit 137', owns: ['a'] },
      b: { run: 'echo b > b', owns: ['b'] },
    }),
  });
  const result = await here.forge(['apply', '-k', '--json', '--backend', 'overlay']);
  const [a, b] = eventsOf(result.events, 'attempt.finished');
  assert.equal(a?.exitCode, 137, JSON.stringify(a));
  assert.equal(b?.outcome, 'succeeded', JSON.stringify(b));
});
