import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { BACKENDS, eventsOf, project } from '../../rig/project.js';

const USER = 12345;
const skip = process.getuid?.() === 0 ? false : 'needs root, to make files that belong to another user';

test('as an ordinary user: a file of somebody else that a task owns means copies instead of an overlay, and says why', {
  skip,
}, async (t) => {
  const here = project(t, {
    'mine.txt': 'mine\n',
    'theirs.txt': 'theirs\n',
    'forge.plan.yaml': `version: 1\ntasks:\n  a: { run: 'echo more >> theirs.txt; echo more >> mine.txt', owns: ['*.txt'] }\n`,
  });
  mkdirSync(here.state);
  execFileSync('chown', ['-R', `${USER}:${USER}`, dirname(here.dir)]);
  chmodSync(dirname(here.dir), 0o755);
  chownSync(here.path('theirs.txt'), 0, USER);
  chmodSync(here.path('theirs.txt'), 0o664);
  const result = await here.forge(['apply'], {
    as: USER,
    env: { HOME: here.state },
  });
  assert.equal(result.code, 0, result.stdout + result.stderr);
  assert.match(result.stdout, /no overlay: theirs\.txt: another user/);
  assert.equal(here.read('theirs.txt'), 'theirs\nmore\n');
});

test('as an ordinary user: overlay, the same result', { skip }, async (t) => {
  const here = project(t, {
    'mine.txt': 'mine\n',
    'forge.plan.yaml': `version: 1\ntasks:\n  a: { run: 'id -u > who; echo more >> mine.txt', owns: ['mine.txt', who] }\n`,
  });
  mkdirSync(here.state);
  execFileSync('chown', ['-R', `${USER}:${USER}`, dirname(here.dir)]);
  chmodSync(dirname(here.dir), 0o755);
  const result = await here.forge(['apply', '--backend', 'overlay'], { as: USER, env: { HOME: here.state } });
  assert.equal(result.code, 0, result.stdout + result.stderr);
  assert.equal(here.read('mine.txt'), 'mine\nmore\n');
  assert.equal(here.read('who'), `${USER}\n`, 'a task is its own user, not root');
});

test('as root in a repository of another user: git is asked all the same, and runs nothing of that repository', {
  skip,
}, async (t) => {
  const here = project(t, {
    '.gitignore': 'out/\n',
    'a.txt': 'a\n',
    'hook*': '#!/bin/sh\ntouch "$RAN"\n',
    'forge.plan.yaml': `version: 1\ntasks:\n  a: { run: 'echo more >> a.txt', owns: ['**'] }\n`,
  });
  for (let n = 0; n < 20; n += 1) here.write({ [`out/${n}`]: 'output\n' });
  const hook = here.path('hook');
  for (const name of ['post-index-change', 'reference-transaction', 'post-commit', 'pre-commit'])
    here.write({ [`.git/hooks/${name}*`]: `#!/bin/sh\ntouch "$RAN"\n` });
  here.git('config', 'core.fsmonitor', hook);
  execFileSync('chown', ['-R', `${USER}:${USER}`, here.dir]);
  const ran = join(here.dir, '../ran');
  const refused = await here.forge(['apply', '--commit'], { env: { RAN: ran } });
  assert.equal(refused.code, 2, refused.stdout);
  assert.match(refused.stderr, /git does not trust it.*safe\.directory/);
  const result = await here.forge(['apply', '--no-merge'], { env: { RAN: ran } });
  assert.equal(result.code, 0, result.stdout + result.stderr);
  const copies = (run: string) => readdirSync(here.path(`.forge/runs/${run}/base/copies`)).length;
  assert.equal(copies(here.run()), 4, 'nothing is taken for clean, and what git ignores is not kept');
  assert.equal(existsSync(ran), false, 'no hook and no file system monitor ran');

  const env = {
    ...{ RAN: ran, GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'safe.directory' },
    GIT_CONFIG_VALUE_0: here.dir,
  };
  rmSync(here.path('.forge'), { recursive: true });
  const trusted = await here.forge(['apply', '--commit'], { env });
  assert.equal(trusted.code, 0, trusted.stdout + trusted.stderr);
  assert.equal(here.read('a.txt'), 'a\nmore\n');
  assert.equal(copies(here.run()), 0, 'what is tracked and clean is kept by git');
  assert.equal(existsSync(ran), false, 'no hook and no file system monitor ran');
});

for (const backend of BACKENDS) {
  test(`${backend}: a plan of one's own in a stranger's repository that git trusts: the view covers the repository`, {
    skip,
  }, async (t) => {
    const here = project(t, {
      'top.txt': 'top\n',
      'sub/forge.plan.yaml': `version: 1\ntasks:\n  good: { run: 'git add x; git commit -qm x; git log --format=%s > x', owns: [x] }\n  bad: { run: 'echo changed > ../top.txt', owns: [y] }\n`,
    });
    execFileSync('chown', ['-R', `${USER}:${USER}`, here.dir]);
    execFileSync('chown', ['-R', '0:0', here.path('sub')]);
    const env = { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'safe.directory', GIT_CONFIG_VALUE_0: '*' };
    const options = { cwd: here.path('sub'), env };
    const result = await here.forge(['apply', '-k', '--yes', '--json', '--backend', backend], options);
    assert.equal(result.code, 1, result.stdout + result.stderr);
    const reasons = Object.fromEntries(
      eventsOf(result.events, 'task.finished').map(({ task, reason = '' }) => [task, reason]),
    );
    assert.equal(reasons.good, '');
    assert.match(reasons.bad ?? '', /changed files outside what it owns: \.\.\/top\.txt/);
    assert.equal(here.read('top.txt'), 'top\n');
    const head = here.git('-c', 'safe.directory=*', 'rev-parse', 'HEAD');
    const good = await here.forge(['apply', 'good', '--yes', '--backend', backend], options);
    assert.equal(good.code, 0, good.stdout + good.stderr);
    assert.match(here.read('sub/x'), /\S/);
    assert.equal(
      here.git('-c', 'safe.directory=*', 'rev-parse', 'HEAD'),
      head,
      'the commit stayed in the view',
    );
  });
}

test('a git that can’t be run is none', async (t) => {
  const here = project(t, {
    'forge.plan.yaml': `version: 1\ntasks:\n  a: { run: 'echo a > a', owns: ['**'] }\n`,
  });
  const bin = join(here.dir, '../bin');
  mkdirSync(bin);
  // All but git.
  execFileSync('sh', [
    '-ec',
    'for d in /usr/bin /bin /usr/sbin /sbin; do ln -sf "$d"/* "$1" || :; done; rm "$1/git"; echo x > "$1/git"',
    'sh',
    bin,
  ]);
  const result = await here.forge(['apply', '--yes'], { env: { PATH: bin } });
  assert.equal(result.code, 0, result.stdout + result.stderr);
  assert.equal(here.read('a'), 'a\n');
});
