import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { test } from 'node:test';
import { project } from '../../rig/project.js';

test('nobody may own a .forge or .git of a folder below the root', async (t) => {
  const plan = (owns: string) => `version: 1\ntasks:\n  a: { run: "true", owns: ${owns} }\n`;
  const here = project(t, { 'forge.plan.yaml': plan('[sub/.forge/**]') });
  const refused = await here.forge(['check']);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /:3:\d+: error\[reserved-path\]: \.forge is reserved, in every folder/);
  here.write({ 'forge.plan.yaml': plan('["**"]') });
  assert.equal((await here.forge(['check'])).code, 0);
});

test('files in a .forge below the root are no files of a split', async (t) => {
  const here = project(t, {
    'forge.plan.yaml': `version: 1\ntasks:\n  a: { run: "true", split: { files: "**/*.x", into: 1 } }\n`,
    'sub/.forge/one.x': '',
    'sub/two.x': '',
  });
  for (const git of [true, false]) {
    if (!git) rmSync(here.path('.git'), { recursive: true });
    const shown = JSON.parse((await here.forge(['apply', '-n', '--json'])).stdout);
    assert.equal(shown.tasks.length, 1);
    assert.match((await here.forge(['apply', '-n'])).stdout, /^ {6}1 file$/m);
  }
});
