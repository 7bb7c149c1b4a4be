import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Home } from '../../rig/calling-home.js';
import { assertUnchanged, digest } from '../../rig/digest.js';
import { Mounts, NEEDS_ROOT } from '../../rig/disk.js';
import { BACKENDS, environment, FORGE, type Project, project } from '../../rig/project.js';

const plan = (run: string) =>
  `version: 1\ntasks:\n  a: { run: ${JSON.stringify(`${run}; echo hi > x.txt`)}, owns: [x.txt] }\n`;

/** Runs a shell script in a mount namespace of its own: what it mounts is nobody else's. */
function inPrivateMounts(here: Project, script: string): { code: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(
    'unshare',
    ['-m', 'sh', '-ec', script, process.execPath, FORGE],
    {
      cwd: here.dir,
      env: { ...environment(), FORGE_STATE_DIR: here.state, TOP: join(here.dir, '..') },
      encoding: 'utf8',
    },
  );
  return { code: status, output: stdout + stderr };
}

for (const backend of BACKENDS) {
  for (const from of ['a worktree', 'the main one'] as const) {
    test(`${backend}: git commands of a task in ${from} leave the other worktrees of the repository as they are`, async (t) => {
      const here = project(t, { 'a.txt': 'base\n' });
      const top = join(here.dir, '..');
      for (const name of ['wt', 'wt2']) here.git('worktree', 'add', '-q', join(top, name), '-b', name);
      for (const dir of [here.dir, join(top, 'wt'), join(top, 'wt2')])
        writeFileSync(join(dir, 'a.txt'), 'MY WORK\n');
      writeFileSync(join(top, 'wt2/untracked'), 'u');
      const root = from === 'a worktree' ? join(top, 'wt') : here.dir;
      const run = [here.dir, join(top, 'wt'), join(top, 'wt2')]
        .filter((dir) => dir !== root)
        .flatMap((dir) => [
          `git -C ${dir} stash -qu`,
          `git -C ${dir} reset -q --hard`,
          `git worktree remove --force ${dir}`,
        ])
        .map((command) => `{ ${command} || :; }`)
        .join('; ');
      writeFileSync(join(root, 'forge.plan.yaml'), plan(run));
      const leftOut = ['state', '.forge', 'x.txt'];
      const before = digest(top, leftOut);
      const result = await here.forge(['apply', '--yes', '--backend', backend], { cwd: root });
      assert.equal(result.code, 0, result.stdout + result.stderr);
      assertUnchanged(top, before, 'the other worktrees', leftOut);
      assert.equal(readFileSync(join(root, 'x.txt'), 'utf8'), 'hi\n');
    });
  }

  test(`${backend}: what is mounted while tasks run is there for those that start later`, {
    skip: NEEDS_ROOT,
  }, async (t) => {
    const home = await Home.open(t);
    const mounts = new Mounts(t);
    const here = project(t, {});
    const drive = join(here.dir, '../drive');
    here.write({
      'forge.plan.yaml': `version: 1
tasks:
  first: { run: '${home.command('first')}; test ! -e ../drive/f', owns: [first.txt] }
  second: { run: 'cat "${drive}/f" > second.txt', owns: [second.txt], needs: [first] }
`,
    });
    const running = here.forge(['apply', '--yes', '--backend', backend]);
    const caller = await home.called('first');
    mounts.tmpfs(drive, '1m');
    writeFileSync(join(drive, 'f'), 'on the drive\n');
    caller.end();
    const result = await running;
    assert.equal(result.code, 0, result.stdout + result.stderr);
    assert.equal(here.read('second.txt'), 'on the drive\n');
  });

  test(`${backend}: the tree at a second path (a bind mount) is real, and read-only for a task`, {
    skip: NEEDS_ROOT,
  }, (t) => {
    const here = project(t, { 'lib/l.txt': 'base\n' });
    const second = join(here.dir, '../second');
    const part = join(here.dir, '../part');
    for (const dir of [second, part]) mkdirSync(dir);
    here.write({
      'forge.plan.yaml': plan(
        [
          `echo PWNED > ${second}/lib/l.txt`,
          `echo PWNED > ${part}/l.txt`,
          `echo x > ${second}/.git/hooks/evil`,
        ]
          .map((each) => `{ ${each} || :; }`)
          .join('; '),
      ),
    });
    const before = digest(here.dir, ['.forge', 'x.txt']);
    const { code, output } = inPrivateMounts(
      here,
      `mount --bind . ${second}; mount --bind lib ${part}; "$0" "$1" apply --yes --backend ${backend}`,
    );
    assert.equal(code, 0, output);
    assertUnchanged(here.dir, before, 'through a second path', ['.forge', 'x.txt']);
    assert.equal(here.read('x.txt'), 'hi\n');
  });

  test(`${backend}: on a file system mounted nosuid,nodev,noatime an ordinary user's task is kept in its view too`, {
    skip: NEEDS_ROOT,
  }, (t) => {
    const here = project(t, { x: '' });
    const disk = join(here.dir, '../disk');
    mkdirSync(disk);
    chmodSync(join(here.dir, '..'), 0o755);
    const inner = plan('{ echo evil > $ROOT/a.txt || :; }');
    const { code, output } = inPrivateMounts(
      here,
      `mount -t tmpfs -o nosuid,nodev,noatime none ${disk}; mkdir ${disk}/p ${disk}/state; cd ${disk}/p
cat > forge.plan.yaml <<'PLAN'
${inner}PLAN
echo base > a.txt; git init -q; git add -A; git commit -qm m; chown -R 61001:61001 ${disk}
export ROOT=$PWD FORGE_STATE_DIR=${disk}/state HOME=${disk}
setpriv --reuid 61001 --regid 61001 --clear-groups "$0" "$1" apply --yes --backend ${backend} || echo "exit $?"
echo "real: $(cat a.txt)"`,
    );
    assert.equal(code, 0, output);
    assert.doesNotMatch(output, /without namespaces/);
    // On overlay the same path is the view, so that the change is a stray.
    assert.match(output, /real: base/);
    if (backend === 'copy') assert.match(output, /Merged 1 file/);
    else assert.match(output, /changed files outside what it owns: a\.txt/);
  });
}

test('filters of a repository that git does not trust are not run', { skip: NEEDS_ROOT }, async (t) => {
  const [stranger, victim] = [61_002, 0];
  const here = project(t, {}, { git: false });
  const top = join(here.dir, '..');
  const shared = join(top, 'shared');
  const ran = join(top, 'ran');
  mkdirSync(join(shared, 'mine'), { recursive: true });
  chmodSync(top, 0o777);
  chmodSync(shared, 0o1777);
  const arm = (dir: string, file: string) =>
    execFileSync(
      'sh',
      [
        '-ec',
        `git init -q; git config filter.x.clean 'id > ${ran}; cat'; git config filter.x.required false
echo "* filter=x" > .git/info/attributes
b=$(printf zzzzzz | git hash-object -w --stdin --no-filters); printf "100644 $b\\t%s\\n" '${file}' | git update-index --index-info`,
      ],
      { cwd: dir, env: environment() },
    );
  arm(shared, 'mine/f.txt');
  execFileSync('chown', ['-R', `${stranger}:${stranger}`, join(shared, '.git')]);
  const mine = join(shared, 'mine');
  writeFileSync(join(mine, 'f.txt'), 'hello\n');
  writeFileSync(
    join(mine, 'forge.plan.yaml'),
    'version: 1\ntasks:\n  a: { run: "echo hi > x.txt", owns: ["**"] }\n',
  );
  const above = await here.forge(['apply', '--yes'], { cwd: mine });
  assert.equal(above.code, 0, above.stdout + above.stderr);
  assert.match(above.stdout, new RegExp(`in ${mine}[,:]`), 'a stranger’s repository does not make the root');
  assert.equal(spawnSync('test', ['-e', ran]).status, 1, 'of a repository above');
  assert.equal(victim, process.getuid?.());

  // In a repository inside the tree, whoever made it.
  const tree = project(t, {
    'forge.plan.yaml': 'version: 1\ntasks:\n  a: { run: "echo hi > x.txt", owns: ["**"] }\n',
  });
  mkdirSync(tree.path('nested'));
  arm(tree.path('nested'), 'f.txt');
  writeFileSync(tree.path('nested/f.txt'), 'hello\n');
  const nested = await tree.forge(['apply', '--yes']);
  assert.equal(nested.code, 0, nested.stdout + nested.stderr);
  assert.equal(spawnSync('test', ['-e', ran]).status, 1, 'of a nested repository');

  // Git itself runs them where it is asked to.
  execFileSync('git', ['status'], { cwd: tree.path('nested'), env: environment() });
  assert.equal(spawnSync('test', ['-e', ran]).status, 0, 'the filter was armed');
});
