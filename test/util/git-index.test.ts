import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { mayBeTracked } from '../../src/util/git/git.js';

/** A folder with a repository, and git in it. */
function repository(t: TestContext) {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'forge-index-')));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const git = (...args: string[]) => execFileSync('git', ['-C', dir, ...args], { stdio: 'pipe' });
  const write = (path: string) => {
    mkdirSync(join(dir, path, '..'), { recursive: true });
    writeFileSync(join(dir, path), path);
  };
  git('init', '-q');
  return { dir, git, write };
}

for (const [how, configure, isCertain] of [
  ['as it is by default', [], true],
  ['in version 4, which shortens paths', ['index.version', '4'], false],
  ['in two files', ['core.splitIndex', 'true'], false],
] as const) {
  test(`an index ${how}: what is tracked may be, and only a plain index makes it certain that nothing is`, (t) => {
    const { dir, git, write } = repository(t);
    if (configure.length > 0) git('config', ...configure);
    assert.equal(mayBeTracked(dir, '.forge'), false, 'no index yet');
    for (const path of ['.forgery', '.foo/a', 'a/b/c', 'forge.plan.yaml']) write(path);
    git('add', '.foo', 'a', 'forge.plan.yaml');
    assert.equal(mayBeTracked(dir, '.forge'), !isCertain);
    assert.equal(mayBeTracked(join(dir, 'a/b'), '.forge'), !isCertain, 'from a folder further down');
    write('.forge/runs/x');
    assert.equal(mayBeTracked(dir, '.forge'), !isCertain, 'there, but not tracked');
    git('add', '-f', '.forge');
    assert.equal(mayBeTracked(dir, '.forge'), true);
    assert.equal(mayBeTracked(join(dir, 'a/b'), '.forge'), true);
  });
}

test('a worktree has an index of its own', (t) => {
  const { dir, git, write } = repository(t);
  write('a');
  git('add', 'a');
  git('-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '-qm', 'a');
  const tree = join(dir, '../', `${dir.split('/').pop()}-tree`);
  t.after(() => rmSync(tree, { recursive: true, force: true }));
  git('worktree', 'add', '-q', tree);
  assert.equal(mayBeTracked(tree, '.forge'), false);
  mkdirSync(join(tree, '.forge'));
  writeFileSync(join(tree, '.forge/x'), 'x');
  git('-C', tree, 'add', '-f', '.forge');
  assert.equal(mayBeTracked(tree, '.forge'), true);
  assert.equal(mayBeTracked(dir, '.forge'), false);
});

test('what is no repository, no index or no file is for git to judge; a FIFO is not waited for', (t) => {
  const { dir } = repository(t);
  const index = join(dir, '.git/index');
  writeFileSync(index, 'DIRC');
  assert.equal(mayBeTracked(dir, '.forge'), true);
  rmSync(index);
  execFileSync('mkfifo', [index]);
  assert.equal(mayBeTracked(dir, '.forge'), true);
  rmSync(join(dir, '.git/HEAD'));
  assert.equal(mayBeTracked(dir, '.forge'), true);
});
