import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { project } from '../../rig/project.js';

test('a repository above the temporary folder, even a broken one, has no say in a diff', async (t) => {
  const here = project(t, {
    'forge.plan.yaml': `version: 1\ntasks:\n  one: { run: 'echo made > one.txt', owns: [one.txt] }\n`,
  });
  assert.equal((await here.forge(['apply', '--no-merge'])).code, 0);
  const temporary = join(here.dir, '../temporary');
  mkdirSync(temporary);
  writeFileSync(join(temporary, '.git'), 'gitdir: /nowhere\n');
  const result = await here.forge(['diff'], { env: { TMPDIR: temporary } });
  assert.equal(result.code, 0, result.stderr);
  assert.match(result.stdout, /\+made/);
});

test('a diff that git cannot make is an error, not an empty one', async (t) => {
  const here = project(t, {
    'forge.plan.yaml': `version: 1\ntasks:\n  one: { run: 'echo made > one.txt', owns: [one.txt] }\n`,
  });
  assert.equal((await here.forge(['apply', '--no-merge'])).code, 0);
  here.write({ '../broken': '[core\n' });
  const result = await here.forge(['diff'], { env: { GIT_CONFIG_GLOBAL: here.path('../broken') } });
  assert.equal(result.code, 1, result.stdout);
  assert.match(result.stderr, /^forge: git .*bad config/);
  assert.doesNotMatch(result.stderr, /\n\s+at /);
});
