import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { type Project, project } from '../../rig/project.js';

function twoTasks(t: TestContext): Project {
  return project(t, {
    'a.txt': 'one\ntwo\nthree\n',
    'forge.plan.yaml': `
version: 1
goal: Two files
tasks:
  second: { description: Write b, run: 'cat a.txt > b.txt', owns: [b.txt], needs: [first] }
  first: { description: Extend a, run: 'echo four >> a.txt', owns: [a.txt] }
`,
  });
}

test('--branch: one commit per task in order on a new branch, the working tree untouched', async (t) => {
  const here = twoTasks(t);
  here.write({ 'a.txt': 'ONE\ntwo\nthree\n' });
  const before = here.tree();
  const head = here.git('rev-parse', 'HEAD');
  const result = await here.forge(['apply', '--branch', 'agents']);
  assert.equal(result.code, 0, result.stderr);
  assert.deepEqual(here.tree(), before);
  assert.equal(here.git('rev-parse', 'HEAD'), head);
  assert.equal(here.git('status', '--porcelain').trim(), 'M a.txt');
  assert.equal(here.git('log', '--reverse', '--format=%s', 'main..agents'), 'Extend a\nWrite b\n');
  assert.equal(
    here.git('log', '--format=%(trailers:key=Forge-Task,valueonly,separator=)', 'main..agents'),
    'second\nfirst\n',
  );
  assert.match(here.git('log', '-1', '--format=%B', 'agents'), new RegExp(`Forge-Run: ${here.run()}`));
  assert.equal(here.git('show', 'agents~1:a.txt'), 'one\ntwo\nthree\nfour\n', 'uncommitted edits stay out');
});

test('--commit: the same on the current branch and in the working tree, with a clean status', async (t) => {
  const here = twoTasks(t);
  const result = await here.forge(['apply', '--commit']);
  assert.equal(result.code, 0, result.stderr);
  assert.equal(here.read('a.txt'), 'one\ntwo\nthree\nfour\n');
  assert.equal(here.git('status', '--porcelain'), '');
  assert.equal(here.git('log', '--reverse', '--format=%s'), 'start\nExtend a\nWrite b\n');
});

test('what --branch and --commit cannot do is said before anything runs, exit 2', async (t) => {
  const here = twoTasks(t);
  here.git('branch', 'taken');
  for (const [args, message] of [
    [['--branch', 'taken'], /taken/],
    [['--branch', 'bad..name'], /bad\.\.name/],
    [['--branch', 'x', '--commit'], /contradict/],
  ] as const) {
    const result = await here.forge(['apply', ...args]);
    assert.equal(result.code, 2, result.stderr);
    assert.match(result.stderr, message);
  }
  assert.equal(existsSync(here.path('.forge')), false);
  const plain = project(
    t,
    { 'forge.plan.yaml': `version: 1\ntasks:\n  a: { run: 'true' }\n` },
    { git: false },
  );
  assert.equal((await plain.forge(['apply', '--branch', 'x'])).code, 2);
});
