import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  GitError,
  git,
  gitIfThere,
  gitIgnored,
  gitOk,
  isTracked,
  repositoryPrefix,
} from '../../src/util/git/git.js';

/** A repository with one commit, in a folder of its own. */
function repository(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'forge-git-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const root = join(dir, 'root');
  mkdirSync(root);
  const at = (...args: string[]) => execFileSync('git', args, { cwd: root });
  at('init', '-q');
  writeFileSync(join(root, 'kept.txt'), 'kept');
  at('add', '.');
  at('-c', 'user.name=a', '-c', 'user.email=a@b.c', 'commit', '-qm', 'one');
  return root;
}

/** Sets variables of this process until the test ends. */
function withVariables(t: TestContext, variables: Record<string, string>): void {
  for (const [name, value] of Object.entries(variables)) {
    const before = process.env[name];
    process.env[name] = value;
    t.after(() => {
      if (before === undefined) delete process.env[name];
      else process.env[name] = before;
    });
  }
}

test('how git is configured counts, what points it elsewhere does not', async (t) => {
  const root = repository(t);
  writeFileSync(join(root, '../excludes'), '*.log\n');
  withVariables(t, {
    ...{ GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'core.excludesFile' },
    GIT_CONFIG_VALUE_0: join(root, '../excludes'),
    ...{ GIT_DIR: '/nowhere', GIT_WORK_TREE: '/nowhere', GIT_INDEX_FILE: '/nowhere/index' },
    GIT_LITERAL_PATHSPECS: '1',
  });
  assert.deepEqual(await gitIgnored(root, ['a.log', 'a.txt']), new Set(['a.log']));
  assert.equal((await gitOk(root, ['ls-files', ':(glob)*.txt'])).toString(), 'kept.txt\n');
  assert.equal(await repositoryPrefix(root), '');
  assert.equal(await isTracked(root, 'kept.txt'), true);
  assert.equal(await isTracked(root, 'other'), false);
});

test('a repository runs no program of its own while forge looks at it', async (t) => {
  const root = repository(t);
  const ran = join(root, '../ran');
  writeFileSync(join(root, 'hook'), `#!/bin/sh\ntouch ${ran}\n`);
  chmodSync(join(root, 'hook'), 0o755);
  mkdirSync(join(root, 'hooks'));
  writeFileSync(join(root, 'hooks/post-index-change'), `#!/bin/sh\ntouch ${ran}\n`);
  chmodSync(join(root, 'hooks/post-index-change'), 0o755);
  for (const [key, value] of [
    ['core.fsmonitor', join(root, 'hook')],
    ['core.hooksPath', join(root, 'hooks')],
  ] as const)
    await gitOk(root, ['config', key, value]);
  await gitOk(root, ['status', '--porcelain']);
  await gitOk(root, ['update-index', '--add', 'hook']);
  assert.equal(existsSync(ran), false);
  execFileSync('git', ['update-index', '--add', 'hooks/post-index-change'], { cwd: root });
  assert.equal(existsSync(ran), true, 'git itself runs them');
});

test('a git that is not there is an answer where one asks, a git that was killed is none', async (t) => {
  const root = repository(t);
  const { code, stderr } = await git(root, ['rev-parse', '--verify', 'nothing']);
  assert.equal(code, 128);
  assert.match(stderr, /^fatal: /);
  await assert.rejects(gitOk(root, ['rev-parse', '--verify', 'nothing']), GitError);

  withVariables(t, { PATH: join(root, 'bin') });
  assert.equal(await gitIfThere(root, ['version']), undefined);
  await assert.rejects(git(root, ['version']), /^GitError: git could not be started in .*ENOENT/);
  mkdirSync(join(root, 'bin'));
  writeFileSync(join(root, 'bin/git'), '#!/bin/sh\nkill -9 $$\n');
  chmodSync(join(root, 'bin/git'), 0o755);
  for (const ask of [git, gitOk, gitIfThere])
    await assert.rejects(ask(root, ['version']), /^GitError: git version was ended by SIGKILL in /);
});
