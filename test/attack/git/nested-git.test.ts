import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { BACKENDS, environment, eventsOf, project } from '../../rig/project.js';
import { snapshot } from '../../workspace/snapshot.js';

const USER = 12_345;
const users = process.getuid?.() === 0 ? [undefined, USER] : [undefined];

for (const backend of BACKENDS) {
  for (const as of users) {
    const who = as === undefined ? backend : `${backend} as an ordinary user`;
    const open = (top: string, state: string) => {
      mkdirSync(state, { recursive: true });
      if (as !== undefined) execFileSync('chown', ['-R', `${as}:${as}`, top]);
      chmodSync(top, 0o755);
    };

    test(`${who}: a commit in a nested worktree, clone or submodule of another repository stays in the view`, async (t) => {
      const here = project(t, { 'a.txt': 'a\n', '.gitignore': 'ignored\n' });
      const outside = join(dirname(here.dir), 'outside');
      const sh = (script: string) =>
        execFileSync('sh', ['-ec', script], {
          cwd: dirname(here.dir),
          env: { ...environment(), P: here.dir },
        });
      sh(`
        mkdir -p outside/gits "$P/ignored"
        git init -qb main outside/other && cd outside/other && echo 1 >f && git add f && git commit -qm 1
        git worktree add -q "$P/deep/in/the/tree/wt" -b wt
        git worktree add -q "$P/ignored/wt" -b wt2
        git clone -q --separate-git-dir "$PWD/../gits/clone" . "$P/clone"
        cd "$P" && git -c protocol.file.allow=always submodule --quiet add "$P/../outside/other" sub
        mv .git/modules/sub ../outside/gits/sub && printf 'gitdir: %s\\n' "$P/../outside/gits/sub" >sub/.git
        git config --file ../outside/gits/sub/config core.worktree "$P/sub"
        git commit -qm sub`);
      here.write({
        'forge.plan.yaml': JSON.stringify({
          version: 1,
          tasks: {
            a: {
              run: `set -e; here=$PWD; for r in deep/in/the/tree/wt ignored/wt clone sub; do cd $here/$r; echo mine >>f; git add f; git -c user.name=t -c user.email=t@e.org commit -qm evil; git update-ref refs/heads/evil HEAD; git gc -q; test "$(git log --oneline | wc -l)" -ge 2; done`,
              owns: ['**'],
            },
          },
        }),
      });
      open(dirname(here.dir), here.state);
      const before = snapshot(outside);
      const gits = snapshot(here.path('.git'));
      const result = await here.forge(['apply', '--yes', '--json', '--backend', backend], {
        ...(as !== undefined && { as }),
        env: { HOME: here.state },
      });
      const finished = eventsOf(result.events, 'task.finished')[0];
      assert.equal(finished?.state, 'succeeded', `${finished?.reason} ${result.stderr}`);
      assert.deepEqual(snapshot(outside), before);
      assert.deepEqual(snapshot(here.path('.git')), gits);
    });

    test(`${who}: git commands that reach over root leave the repository around it as it is, and are strays`, async (t) => {
      const here = project(t, {
        'packages/app/x.txt': 'base\n',
        'packages/other/y.txt': 'base\n',
        '.gitignore': '*.log\n',
      });
      here.git('branch', 'old');
      here.write({ 'packages/other/y.txt': 'newer\n' });
      here.commit('newer');
      here.write({
        'packages/other/y.txt': 'MY UNCOMMITTED WORK\n',
        'packages/other/untracked.txt': 'mine\n',
      });
      const app = here.path('packages/app');
      const commands: Record<string, string> = {
        stash: 'git stash -q',
        'stash-u': 'git stash -qu',
        reset: 'git reset -q --hard',
        clean: 'git clean -qfd ../..',
        checkout: 'git checkout -qf HEAD -- ../..',
        switch: 'git switch -qf old',
      };
      const tasks = Object.fromEntries(
        Object.entries(commands).map(([id, command]) => [
          id,
          { run: `${command}; echo ${id} > ${id}.txt`, owns: [`${id}.txt`] },
        ]),
      );
      const quiet = {
        run: 'touch ../other/y.txt; cp ../other/y.txt /tmp/y.$$; cat /tmp/y.$$ > ../other/y.txt; rm /tmp/y.$$; echo l > ../other/my.log; git add x.txt; git commit -qm x --allow-empty; echo quiet > quiet.txt',
        owns: ['quiet.txt'],
      };
      here.write({
        'packages/app/forge.plan.yaml': JSON.stringify({ version: 1, root: '.', tasks: { ...tasks, quiet } }),
      });
      open(dirname(here.dir), here.state);
      const real = () => snapshot(here.dir, { without: ['.forge'] });
      const before = real();
      const options = { cwd: app, ...(as !== undefined && { as }), env: { HOME: here.state } };
      const result = await here.forge(['apply', '--yes', '--json', '-k', '--backend', backend], options);
      assert.equal(result.code, 1, result.stdout + result.stderr);
      assert.deepEqual(real(), before);
      const ends = new Map(eventsOf(result.events, 'task.finished').map((event) => [event.task, event]));
      assert.equal(ends.get('quiet')?.state, 'succeeded', ends.get('quiet')?.reason);
      for (const id of Object.keys(commands)) {
        assert.equal(ends.get(id)?.state, 'failed', id);
        const what = id === 'clean' ? /\.\.\/other\/untracked\.txt/ : /\.\.\/other\/y\.txt/;
        assert.match(ends.get(id)?.reason ?? '', what, id);
      }
      const alone = await here.forge(['apply', 'quiet', '--yes', '--backend', backend], options);
      assert.equal(alone.code, 0, alone.stdout + alone.stderr);
      const after = real();
      assert.equal(after.length, before.length + 1);
      assert.deepEqual(
        after.filter((line) => !line.startsWith('"packages/app/quiet.txt"')),
        before,
      );
    });
  }
}

for (const backend of BACKENDS) {
  test(`${backend}: a worktree whose .git file ends its line as Windows does: a task's commit stays in its view`, async (t) => {
    const here = project(t, { 'a.txt': 'a\n' });
    const worktree = join(here.dir, '../wt');
    here.git('worktree', 'add', '-q', worktree, '-b', 'wt');
    const dotGit = join(worktree, '.git');
    writeFileSync(dotGit, readFileSync(dotGit, 'utf8').replace('\n', '\r\n'));
    writeFileSync(
      join(worktree, 'forge.plan.yaml'),
      'version: 1\ntasks:\n  a: { run: "echo b > b.txt; git add b.txt; git commit -qm EVIL", owns: [b.txt] }\n',
    );
    const before = here.git('rev-parse', 'wt');
    const result = await here.forge(['apply', '--yes', '--backend', backend], { cwd: worktree });
    assert.equal(result.code, 0, result.stdout + result.stderr);
    assert.equal(here.git('rev-parse', 'wt'), before);
  });

  test(`${backend}: a repository made around files that the outer one tracks, its git folder elsewhere: a commit stays in the view`, async (t) => {
    const here = project(t, {
      '1/2/3/4/5/6/t': 't\n',
      'forge.plan.yaml':
        'version: 1\ntasks:\n  a: { run: "cd 1/2/3/4/5/6 && echo mine > t && git add t && git commit -qm evil && git log --format=%s -1 > log", owns: [1/**] }\n',
    });
    const git = join(here.dir, '../git');
    execFileSync('git', ['init', '-q', `--separate-git-dir=${git}`], {
      cwd: here.path('1/2/3/4/5/6'),
      env: environment(),
    });
    const before = snapshot(git);
    const result = await here.forge(['apply', '--yes', '--backend', backend]);
    assert.equal(result.code, 0, result.stdout + result.stderr);
    assert.equal(here.read('1/2/3/4/5/6/log'), 'evil\n');
    assert.deepEqual(snapshot(git), before);
  });
}

test('a lock of git in the repository behind a worktree is no obstacle for a copy', async (t) => {
  const here = project(t, {
    'forge.plan.yaml':
      'version: 1\ntasks:\n  a: { run: "echo b > b.txt; git add b.txt; git config x.y z; git commit -qm b", owns: [b.txt] }\n',
  });
  const worktree = join(here.dir, '../wt');
  here.git('worktree', 'add', '-q', worktree, '-b', 'wt');
  for (const name of ['config.lock', 'packed-refs.lock', 'worktrees/wt/HEAD.lock'])
    here.write({ [`.git/${name}`]: '' });
  const result = await here.forge(['apply', '--yes', '--backend', 'copy'], { cwd: worktree });
  assert.equal(result.code, 0, result.stdout + result.stderr);
  assert.equal(readFileSync(join(worktree, 'b.txt'), 'utf8'), 'b\n');
});
