import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Home } from '../../rig/calling-home.js';
import { project } from '../../rig/project.js';

test('attempts of a resumed run are numbered on: none is lost, diff shows the latest, logs come in order of time', async (t) => {
  const home = await Home.open(t);
  const here = project(t, {
    'forge.plan.yaml': `
version: 1
tasks:
  one:
    run: 'cat "$VALUE" | tee one.txt; test ! -e "$VALUE.wait" || ${home.command('one')}; exit 1'
    owns: [one.txt]
    retries: 1
`,
  });
  const value = join(here.dir, '../value');
  const env = { VALUE: value };
  writeFileSync(value, 'first session\n');
  assert.equal((await here.forge(['apply'], { env })).code, 1);
  const task = here.path(`.forge/runs/${here.run()}/tasks/one`);
  const kept = () =>
    Object.fromEntries(
      readdirSync(task)
        .sort()
        .map((name) => [name, readFileSync(join(task, name, 'output.log'), 'utf8')]),
    );
  assert.deepEqual(kept(), { 'attempt-1': 'first session\n', 'attempt-2': 'first session\n' });

  writeFileSync(value, 'second session\n');
  writeFileSync(`${value}.wait`, '');
  let forge: ChildProcess | undefined;
  const resumed = here.forge(['resume'], {
    env,
    started: (child) => {
      forge = child;
    },
  });
  await home.called('one');
  forge!.kill('SIGINT');
  assert.equal((await resumed).code, 130);
  assert.deepEqual(kept(), {
    'attempt-1': 'first session\n',
    'attempt-2': 'first session\n',
    'attempt-3': 'second session\n',
  });
  const diff = await here.forge(['diff', 'one']);
  assert.equal(diff.code, 0, diff.stderr);
  assert.match(diff.stdout, /\+second session/);
  assert.equal((await here.forge(['logs', 'one'])).stdout, 'second session\n');
  assert.equal(
    (await here.forge(['logs', 'one', '--all'])).stdout,
    'first session\nfirst session\nsecond session\n',
  );
});

test('a name that is taken, by whatever, is not used for an attempt and not read as one', async (t) => {
  const here = project(t, {
    'forge.plan.yaml': `version: 1\ntasks:\n  one: { run: 'echo work > one.txt; exit 1', owns: [one.txt] }\n`,
  });
  assert.equal((await here.forge(['apply'])).code, 1);
  const task = here.path(`.forge/runs/${here.run()}/tasks/one`);
  const outside = join(here.dir, '../outside');
  mkdirSync(outside);
  mkdirSync(join(outside, 'changeset'));
  writeFileSync(join(outside, 'changeset/manifest.json'), '{"v":1,"entries":[\n]}\n');
  symlinkSync(outside, join(task, 'attempt-7'));
  writeFileSync(join(task, 'attempt-9'), 'a file');
  mkdirSync(join(task, 'attempt-99x'));
  assert.match((await here.forge(['diff', 'one'])).stdout, /\+work/);
  assert.equal((await here.forge(['resume'])).code, 1);
  assert.deepEqual(
    readdirSync(task).sort(),
    ['attempt-1', 'attempt-10', 'attempt-7', 'attempt-9', 'attempt-99x'].sort(),
  );
  assert.deepEqual(readdirSync(outside), ['changeset']);
  assert.match((await here.forge(['diff', 'one'])).stdout, /\+work/);
});
