import assert from 'node:assert/strict';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { test } from 'node:test';
import { project } from '../../rig/project.js';

const WRITES = `version: 1\ntasks:\n  a: { run: "echo x > f.txt", owns: ["**"] }\n`;

test('an empty .git in a folder above the plan does not make that folder the root', async (t) => {
  const here = project(t, { 'proj/forge.plan.yaml': WRITES, 'other.txt': 'mine\n' }, { git: false });
  mkdirSync(here.path('.git'));
  const looked = await here.forge(['apply', '-n'], { cwd: here.path('proj') });
  assert.match(looked.stdout, new RegExp(`^proj in ${here.path('proj')}: 1 task,`));
  const ran = await here.forge(['apply', '--yes'], { cwd: here.path('proj') });
  assert.equal(ran.code, 0, ran.stderr);
  assert.equal(here.read('proj/f.txt'), 'x\n');
  assert.equal(existsSync(here.path('f.txt')), false);
  assert.match(ran.stdout, new RegExp(`^forge: running proj in ${here.path('proj')}, 1 task,`));
});

test('a split below an empty .git finds its files', async (t) => {
  const here = project(
    t,
    {
      'forge.plan.yaml':
        'version: 1\ntasks:\n  a: { run: "true", owns: ["${{ split.owns }}"], split: { files: "*.x", into: 1 } }\n',
      'one.x': '',
    },
    { git: false },
  );
  mkdirSync(here.path('.git'));
  const looked = await here.forge(['check']);
  assert.equal(looked.code, 0, looked.stderr);
});

test('a root in .git or .forge is refused by every command that would take it', async (t) => {
  const here = project(t, {
    'forge.plan.yaml':
      'version: 1\nroot: .git\ntasks:\n  a: { run: "echo x > pre-commit", owns: [hooks/**] }\n',
  });
  const refused = await here.forge(['apply', '--yes']);
  assert.equal(refused.code, 2);
  assert.match(
    refused.stderr,
    /forge\.plan\.yaml:2:7: error\[reserved-path\]: `root`: .*\.git is, or lies in, a/,
  );
  rmSync(here.path('.git'), { recursive: true });
  here.write({ '.forge/x/forge.plan.yaml': WRITES });
  const cwd = here.path('.forge/x');
  const defaulted = await here.forge(['apply', '--yes'], { cwd });
  assert.equal(defaulted.code, 2);
  assert.match(defaulted.stderr, /forge\.plan\.yaml:1:1: error\[reserved-path\]/);
  const init = await here.forge(['init', '--yes'], { cwd });
  assert.equal(init.code, 2);
  assert.match(init.stderr, /^forge: .*\.forge\/x is, or lies in, a \.git or \.forge folder/);
  assert.equal(existsSync(here.path('.forge/x/.factory')), false);
  const planned = await here.forge(['plan', '--split', 'x', '--into', '1', 'goal', '-o', 'new.yaml'], {
    cwd,
  });
  assert.equal(planned.code, 2);
  assert.equal(existsSync(here.path('.forge/x/new.yaml')), false);
});
