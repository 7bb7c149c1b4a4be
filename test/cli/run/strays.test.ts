import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { BACKENDS, eventsOf, project } from '../../rig/project.js';

/** Ways out of what a task owns. `$ROOT` is the working tree's own path. */
const STRAYS: { name: string; run: string; strays: string[] }[] = [
  { name: 'a relative path', run: 'echo x > other.txt', strays: ['other.txt'] },
  {
    name: 'an absolute path',
    run: 'echo x > "$ROOT/other.txt" || echo x > other.txt',
    strays: ['other.txt'],
  },
  { name: 'a symlink it made', run: 'ln -s .. mine/up && echo x > mine/up/other.txt', strays: ['other.txt'] },
  { name: 'a symlink of the tree', run: 'echo x > shortcut/deep.txt', strays: ['elsewhere/deep.txt'] },
  { name: 'deleting', run: 'rm keep.txt', strays: ['keep.txt'] },
  { name: 'changing a mode', run: 'chmod 600 keep.txt', strays: ['keep.txt'] },
  {
    name: 'a git hook',
    run: `printf '#!/bin/sh\\necho hooked > hooked.txt\\n' > .git/hooks/post-commit && chmod +x .git/hooks/post-commit
      echo y > mine/y && git add mine && git -c user.name=a -c user.email=a@example.com commit -qm agent`,
    strays: ['hooked.txt'],
  },
];

for (const backend of BACKENDS) {
  for (const { name, run, strays } of STRAYS) {
    test(`${backend}: a stray by ${name} fails the attempt by name, and nothing of it is merged`, async (t) => {
      const here = project(t, {
        'keep.txt': 'keep\n',
        'mine/x': 'x\n',
        'elsewhere/x': 'x\n',
        'forge.plan.yaml': `version: 1\ntasks:\n  a:\n    run: |\n      ${run}\n    owns: [mine/**]\n`,
      });
      const { symlinkSync } = await import('node:fs');
      symlinkSync('elsewhere', here.path('shortcut'));
      here.commit();
      const before = {
        ...here.tree(),
        git: here.git('log', '--oneline', '--all'),
        config: here.read('.git/config'),
      };
      const result = await here.forge(['apply', '--json', '--backend', backend], { env: { ROOT: here.dir } });
      assert.equal(result.code, 1, result.stderr);
      const attempt = eventsOf(result.events, 'attempt.finished')[0];
      assert.equal(attempt?.outcome, 'strays', JSON.stringify(attempt));
      assert.deepEqual(attempt?.strays, strays);
      const after = {
        ...here.tree(),
        git: here.git('log', '--oneline', '--all'),
        config: here.read('.git/config'),
      };
      assert.deepEqual(after, before);
      assert.equal(existsSync(here.path('.git/hooks/post-commit')), false);
    });
  }

  test(`${backend}: strays that git ignores are dropped and counted`, async (t) => {
    const here = project(t, {
      '.gitignore': 'dist/\n*.log\n',
      'forge.plan.yaml': `version: 1\ntasks:\n  a: { run: 'mkdir dist && echo x > dist/x && echo y > y.log && echo z > z', owns: [z] }\n`,
    });
    const result = await here.forge(['apply', '--json', '--backend', backend]);
    assert.equal(result.code, 0, result.stderr);
    const [finished] = eventsOf(result.events, 'task.finished');
    assert.deepEqual([finished?.changes, finished?.dropped], [1, 3]);
    assert.equal(existsSync(here.path('dist')), false);
    assert.equal(here.read('z'), 'z\n');
  });

  test(`${backend}: a commit inside is not a commit outside, but its files are the task's work`, async (t) => {
    const here = project(t, {
      'forge.plan.yaml': `version: 1\ntasks:\n  a: { run: 'echo a > a && git checkout -qb side && git add a && git -c user.name=a -c user.email=a@example.com commit -qm mine', owns: [a] }\n`,
    });
    const before = here.git('rev-parse', 'HEAD') + here.git('branch', '--list') + here.git('count-objects');
    const result = await here.forge(['apply', '--backend', backend]);
    assert.equal(result.code, 0, result.stderr + result.stdout);
    assert.equal(here.read('a'), 'a\n');
    assert.equal(
      here.git('rev-parse', 'HEAD') + here.git('branch', '--list') + here.git('count-objects'),
      before,
    );
  });

  test(`${backend}: a task that owns nothing must change nothing`, async (t) => {
    const here = project(t, { 'forge.plan.yaml': `version: 1\ntasks:\n  a: { run: 'echo x > x' }\n` });
    const result = await here.forge(['apply', '--json', '--backend', backend]);
    assert.equal(result.code, 1);
    assert.match(eventsOf(result.events, 'attempt.finished')[0]?.reason ?? '', /owns nothing.*changed x/);
  });
}
