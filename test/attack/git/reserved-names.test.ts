import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type TestContext, test } from 'node:test';
import { BACKENDS, eventsOf, type ForgeResult, type Project, project } from '../../rig/project.js';

/** A project with a repository nested in it at vendor/x, and one task. */
async function nested(
  t: TestContext,
  backend: string,
  run: string,
  more: { owns?: string; gate?: string; as?: number } = {},
): Promise<{ here: Project; git: Record<string, string>; result: ForgeResult; dropped: number | undefined }> {
  const here = project(t, {
    'README.md': 'x\n',
    'forge.plan.yaml': `
version: 1
tasks:
  a: { run: ${JSON.stringify(run)}, owns: ["${more.owns ?? 'vendor/**'}"] }
gates: [{ name: look, run: ${JSON.stringify(more.gate ?? 'true')} }]
`,
  });
  here.write({ 'vendor/x/f': 'f\n', 'vendor/x/d/g': 'g\n', 'vendor/keep': 'k\n' });
  here.git('-C', 'vendor/x', 'init', '-q');
  here.git('-C', 'vendor/x', 'add', '-A');
  here.git('-C', 'vendor/x', 'commit', '-qm', 'inner');
  const git = here.tree(here.path('vendor/x/.git'));
  if (more.as !== undefined) {
    mkdirSync(here.state);
    execFileSync('chown', ['-R', `${more.as}:${more.as}`, dirname(here.dir)]);
    chmodSync(dirname(here.dir), 0o755);
  }
  const as = more.as === undefined ? {} : { as: more.as, env: { HOME: here.state } };
  const result = await here.forge(['apply', '--json', '--backend', backend], as);
  return { here, git, result, dropped: eventsOf(result.events, 'task.finished')[0]?.dropped };
}

for (const backend of BACKENDS) {
  test(`${backend}: a nested repository that a task removes: its files go, its .git stays, gates see the same`, async (t) => {
    const { here, git, result, dropped } = await nested(t, backend, 'rm -rf vendor/x', {
      gate: 'find vendor | sort',
    });
    assert.equal(result.code, 0, result.stdout + result.stderr);
    assert.equal(dropped, 1);
    assert.deepEqual(here.tree(here.path('vendor/x/.git')), git, 'its history was touched');
    assert.deepEqual(
      Object.keys(here.tree(here.path('vendor'))).filter((path) => !path.startsWith('x/.git/')),
      ['keep', 'x/'].sort(),
    );
    const seen = readFileSync(here.path(`.forge/runs/${here.run()}/gates/1.log`), 'utf8');
    const inTree = ['vendor', ...Object.keys(here.tree(here.path('vendor'))).map((p) => `vendor/${p}`)];
    assert.deepEqual(
      seen.trim().split('\n').sort(),
      inTree.map((path) => path.replace(/\/$/, '')).sort(),
      'the gate saw another tree than the one that was merged',
    );
  });

  test(`${backend}: a file in the place of a nested repository is refused, its .git stays`, async (t) => {
    const { here, git, result } = await nested(t, backend, 'rm -rf vendor/x; echo file > vendor/x');
    assert.equal(result.code, 3, result.stdout + result.stderr);
    assert.deepEqual(here.tree(here.path('vendor/x/.git')), git);
    assert.equal(here.read('vendor/x/f'), 'f\n');
  });

  test(`${backend}: a repository that a task makes: its files are merged, its .git is counted as left out`, async (t) => {
    const { here, result, dropped } = await nested(
      t,
      backend,
      'git init -q vendor/y && echo y > vendor/y/f && git -C vendor/y add f && git init -q vendor/z/deep',
    );
    assert.equal(result.code, 0, result.stdout + result.stderr);
    assert.equal(dropped, 2);
    assert.equal(here.read('vendor/y/f'), 'y\n');
    for (const path of ['vendor/y/.git', 'vendor/z/deep/.git'])
      assert.equal(existsSync(here.path(path)), false, path);
  });

  test(`${backend}: a commit in a nested repository: the files are merged, the history stays and is counted`, async (t) => {
    const { here, git, result, dropped } = await nested(
      t,
      backend,
      'cd vendor/x && echo more >> f && git -c user.name=a -c user.email=a@example.com commit -qam more',
    );
    assert.equal(result.code, 0, result.stdout + result.stderr);
    assert.equal(dropped, 1);
    assert.equal(here.read('vendor/x/f'), 'f\nmore\n');
    assert.deepEqual(here.tree(here.path('vendor/x/.git')), git);
  });

  test(`${backend}: a .git that only a task removes stays and is counted; a moved repository counts twice`, async (t) => {
    const removed = await nested(t, backend, 'rm -rf vendor/x/.git');
    assert.equal(removed.result.code, 0, removed.result.stderr);
    assert.equal(removed.dropped, 1);
    assert.deepEqual(removed.here.tree(removed.here.path('vendor/x/.git')), removed.git);
    const moved = await nested(t, backend, 'mv vendor/x vendor/y');
    assert.equal(moved.result.code, 0, moved.result.stderr);
    assert.equal(moved.dropped, 2);
    assert.equal(moved.here.read('vendor/y/d/g'), 'g\n');
    assert.deepEqual(moved.here.tree(moved.here.path('vendor/x/.git')), moved.git);
    assert.equal(existsSync(moved.here.path('vendor/y/.git')), false);
  });

  test(`${backend}: work beside a nested repository, and commits at the top, count nothing`, async (t) => {
    const { result, dropped, here } = await nested(
      t,
      backend,
      'echo n > vendor/n && echo more >> vendor/x/d/g && cat vendor/x/.git/HEAD && git add vendor/n && git -c user.name=a -c user.email=a@example.com commit -qm top && rm -rf .forge && mkdir .forge && touch .forge/x',
    );
    assert.equal(result.code, 0, result.stdout + result.stderr);
    assert.equal(dropped, undefined);
    assert.equal(here.read('vendor/x/d/g'), 'g\nmore\n');
  });

  test(`${backend}: .forge and .git in any case, at any depth, are left out and counted`, async (t) => {
    const { here, result, dropped } = await nested(
      t,
      backend,
      'mkdir -p sub/.forge/runs/r/k sub/.GIT sub/deep/.Forge; echo k > sub/.forge/runs/r/k/k; echo "{}" > sub/.forge/merging; echo x > sub/.GIT/x; echo x > sub/deep/.Forge/x; ln -s / sub/deep/.git; mkfifo sub/deep/.forge; echo mine > sub/mine; echo ok > sub/.gitignore; echo ok > sub/.forge-not',
      { owns: 'sub/**' },
    );
    assert.equal(result.code, 0, result.stdout + result.stderr);
    assert.deepEqual(
      Object.keys(here.tree(here.path('sub'))).sort(),
      ['.forge-not', '.gitignore', 'deep/', 'mine'].sort(),
    );
    assert.equal(dropped, 5);
  });

  test(`${backend}: removing a .forge of somebody else's below the top is not done, and counted`, async (t) => {
    const here = project(t, {
      'sub/.forge/note': 'theirs\n',
      'sub/f': 'f\n',
      'forge.plan.yaml': `version: 1\ntasks:\n  a: { run: 'rm -rf sub', owns: [sub/**] }\n`,
    });
    const result = await here.forge(['apply', '--json', '--backend', backend]);
    assert.equal(result.code, 0, result.stdout + result.stderr);
    const { 'forge.plan.yaml': _, ...left } = here.tree();
    assert.deepEqual(left, { 'sub/': '755', 'sub/.forge/': '755', 'sub/.forge/note': '644:theirs\n' });
    assert.equal(eventsOf(result.events, 'task.finished')[0]?.dropped, 1);
  });
}

for (const backend of BACKENDS) {
  test(`${backend}, as an ordinary user: removed, made, closed and moved repositories`, {
    skip: process.getuid?.() === 0 ? false : 'only root can become another user',
  }, async (t) => {
    const { here, git, result, dropped } = await nested(
      t,
      backend,
      'git init -q vendor/y && chmod 000 vendor/y/.git && mkdir -p vendor/a/.forge/b && cp -r vendor/x vendor/z && rm -rf vendor/x && mkdir -p vendor/q/.git && echo 1 > vendor/q/.git/x && chmod 000 vendor/q/.git/x',
      { as: 12345 },
    );
    assert.equal(result.code, 0, result.stdout + result.stderr);
    assert.equal(dropped, 5);
    assert.deepEqual(here.tree(here.path('vendor/x/.git')), git);
    assert.equal(here.read('vendor/z/d/g'), 'g\n');
    for (const path of ['vendor/y/.git', 'vendor/z/.git', 'vendor/q/.git', 'vendor/a/.forge', 'vendor/x/f'])
      assert.equal(existsSync(here.path(path)), false, path);
  });
}

test('a changeset that names something reserved is refused', async (t) => {
  const here = project(t, {
    'forge.plan.yaml': `version: 1\ntasks:\n  one: { run: 'echo one > one.txt', owns: [one.txt] }\n`,
  });
  assert.equal((await here.forge(['apply', '--no-merge'])).code, 0);
  const manifest = here.path(`.forge/runs/${here.run()}/tasks/one/changeset/manifest.json`);
  const whole = readFileSync(manifest, 'utf8');
  const before = here.tree();
  for (const path of [
    'sub/.forge/x',
    'sub/.forge',
    'sub/.git',
    'a/.Git/config',
    '.FORGE/lock',
    'a/.forge/b/c',
  ]) {
    writeFileSync(manifest, whole.replace('"one.txt"', JSON.stringify(path)));
    for (const command of ['merge', 'diff']) {
      const result = await here.forge([command]);
      assert.equal(result.code, 1, `${command} ${path}: ${result.stdout}`);
      assert.match(result.stderr, /makes no sense/);
    }
  }
  assert.deepEqual(here.tree(), before);
});
