import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Home } from '../../rig/calling-home.js';
import { fillUp, Mounts, NEEDS_ROOT, projectOnSmallDisk } from '../../rig/disk.js';
import { isFull } from '../../rig/effort.js';
import {
  BACKENDS,
  environment,
  eventsOf,
  FORGE,
  type ForgeResult,
  type Project,
  project,
} from '../../rig/project.js';

const clear = (result: ForgeResult, what: RegExp) => {
  assert.match(result.stdout + result.stderr, what);
  assert.doesNotMatch(result.stdout + result.stderr, /\n\s+at |internal error/);
};
const stateOf = (result: ForgeResult, task: string) =>
  eventsOf(result.events, 'task.finished').find((event) => event.task === task)?.state;
const reasonOf = (result: ForgeResult, task: string) =>
  eventsOf(result.events, 'task.finished').find((event) => event.task === task)?.reason ?? '';

for (const backend of BACKENDS) {
  test(`${backend}: the disk is full while tasks run and the journal is written: nothing is touched, resume finishes`, {
    skip: NEEDS_ROOT,
  }, async (t) => {
    const home = await Home.open(t);
    const here = projectOnSmallDisk(t, '8m', {
      'old.txt': 'old\n',
      'forge.plan.yaml': `
version: 1
tasks:
  first: { run: 'echo first >> "$COUNTER"; echo first > first.txt', owns: [first.txt] }
  second: { run: '${home.command('second')}; head -c 200000 /dev/urandom | od > second.txt; rm old.txt', owns: [second.txt, old.txt], needs: [first] }
`,
    });
    const before = here.tree();
    const env = { COUNTER: join(here.dir, '../counter') };
    const running = here.forge(['apply', '--backend', backend], { env });
    const caller = await home.called('second');
    const makeRoom = fillUp(here.dir);
    caller.end();
    const full = await running;
    assert.equal(full.code, 1, full.stdout + full.stderr);
    clear(full, /disk is full|ENOSPC|no space left/i);
    // Looking still works on a full disk.
    assert.equal((await here.forge(['status'])).code, 0);
    makeRoom();
    assert.deepEqual(here.tree(), before);
    const resuming = here.forge(['resume', '--json'], { env });
    (await home.called('second')).end();
    const resumed = await resuming;
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.ok(statSync(here.path('second.txt')).size > 200_000);
    assert.equal(existsSync(here.path('old.txt')), false);
    assert.equal(here.read('../counter'), 'first\n', 'finished work is not done twice');
  });

  test(`${backend}: a result too large for the disk fails its task alone, and leaves room behind`, {
    skip: NEEDS_ROOT,
  }, async (t) => {
    const here = projectOnSmallDisk(t, '8m', {
      'forge.plan.yaml': `
version: 1
concurrency: 1 # small, large, after: while large is being collected the disk really is full, for everybody
tasks:
  large: { run: 'for n in 1 2 3 4 5 6 7 8 9; do head -c 1048000 /dev/urandom > large/$n; done', owns: [large/**] }
  small: { run: 'echo small > small.txt', owns: [small.txt] }
  after: { run: 'cat small.txt > after.txt', owns: [after.txt], needs: [small] }
`,
      'large/keep': '',
    });
    const before = here.tree();
    const result = await here.forge(['apply', '-k', '--json', '--backend', backend]);
    assert.equal(result.code, 1, result.stderr);
    clear(result, /disk is full/);
    assert.match(reasonOf(result, 'large'), /the disk is full/);
    assert.equal(stateOf(result, 'small'), 'succeeded');
    assert.equal(stateOf(result, 'after'), 'succeeded');
    assert.deepEqual(here.tree(), before);
    execFileSync('mount', ['-o', 'remount,size=64m', here.dir]);
    const resumed = await here.forge(['resume', '--json']);
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.deepEqual(
      eventsOf(resumed.events, 'attempt.started').map(({ task }) => task),
      ['large'],
    );
    assert.equal(statSync(here.path('large/9')).size, 1_048_000);
  });

  test(`${backend}: output that fills the disk: a clear error, nothing touched, resume works`, {
    skip: NEEDS_ROOT,
  }, async (t) => {
    const here = projectOnSmallDisk(t, '6m', {
      'forge.plan.yaml': `version: 1\ntasks:\n  loud: { run: 'test -e "$QUIET" || yes; echo x > x', owns: [x] }\n`,
    });
    const before = here.tree();
    const env = { QUIET: join(here.dir, '../quiet') };
    const result = await here.forge(['apply', '--backend', backend], { env });
    assert.equal(result.code, 1);
    clear(result, /disk is full|ENOSPC|no space left/i);
    assert.deepEqual(here.tree(), before);
    writeFileSync(env.QUIET, '');
    execFileSync('mount', ['-o', 'remount,size=16m', here.dir]);
    const resumed = await here.forge(['resume'], { env });
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.equal(here.read('x'), 'x\n');
  });

  test(`${backend}: the disk fills up before the merge: refused as a whole, merged when there is room`, {
    skip: NEEDS_ROOT,
  }, async (t) => {
    const home = await Home.open(t);
    const here = projectOnSmallDisk(t, '12m', {
      'a.txt': 'a\n',
      'gone/x': 'x',
      'forge.plan.yaml': `
version: 1
tasks:
  a: { run: 'echo A > a.txt; rm -r gone; head -c 2000000 /dev/urandom > b.bin', owns: [a.txt, gone/**, b.bin] }
gates: [{ name: wait, run: '${home.command('gate')}' }]
`,
    });
    const before = here.tree();
    const running = here.forge(['apply', '--backend', backend]);
    const caller = await home.called('gate');
    const makeRoom = fillUp(here.dir);
    caller.end();
    const full = await running;
    assert.equal(full.code, 1, full.stdout + full.stderr);
    clear(full, /disk is full|ENOSPC|no space left/i);
    makeRoom();
    assert.deepEqual(here.tree(), before);
    const merging = here.forge(['merge']);
    (await home.called('gate')).end();
    const merged = await merging;
    assert.equal(merged.code, 0, merged.stderr);
    assert.equal(here.read('a.txt'), 'A\n');
    assert.equal(existsSync(here.path('gone')), false);
    assert.equal(statSync(here.path('b.bin')).size, 2_000_000);
  });

  test(`${backend}: the state folder is full: the tasks that need room fail, the others are merged by resume`, {
    skip: NEEDS_ROOT,
  }, async (t) => {
    const mounts = new Mounts(t);
    const here = project(t, {
      'forge.plan.yaml': `
version: 1
tasks:
  large: { run: 'head -c "$SIZE" /dev/zero > large', owns: [large] }
  small: { run: 'echo small > small', owns: [small], needs: [] }
`,
    });
    mounts.tmpfs(here.state, '3m');
    const env = { SIZE: '5000000' };
    const before = here.tree();
    const result = await here.forge(['apply', '-k', '--json', '-j', '1', '--backend', backend], { env });
    assert.equal(result.code, 1, result.stderr);
    clear(result, /space left|disk is full/);
    assert.equal(stateOf(result, 'small'), 'succeeded');
    assert.deepEqual(here.tree(), before);
    const resumed = await here.forge(['resume'], { env: { SIZE: '5000' } });
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.equal(statSync(here.path('large')).size, 5000);
    assert.equal(here.read('small'), 'small\n');
  });

  test(`${backend}: a path longer than PATH_MAX fails its task alone and is removed again`, async (t) => {
    const here = project(t, {
      'deep.sh': `mkdir deep; cd deep; n=0
        name=$(printf %050d 0); while [ $n -lt 100 ]; do mkdir $name; cd -P $name || exit 9; n=$((n+1)); done; echo x > x`,
      'forge.plan.yaml': `version: 1\ntasks:\n  deep: { run: sh deep.sh, owns: [deep/**] }\n  fine: { run: 'echo fine > fine', owns: [fine] }\n`,
    });
    const result = await here.forge(['apply', '-k', '--json', '--backend', backend]);
    assert.equal(result.code, 1, result.stderr);
    assert.match(reasonOf(result, 'deep'), /the path is too long/);
    assert.ok(reasonOf(result, 'deep').length < 1000, 'one readable line');
    assert.equal(stateOf(result, 'fine'), 'succeeded');
    assert.deepEqual(here.scratch(), []);
  });

  test(`${backend}: too many open files: tasks fail by a clear line, forge ends, resume finishes`, async (t) => {
    const tasks = Array.from(
      { length: 16 },
      (_, n) => `  t${n}: { run: 'echo ${n} > f${n}', owns: [f${n}] }`,
    );
    const here = project(t, {
      'forge.plan.yaml': `version: 1\nconcurrency: 16\ntasks:\n${tasks.join('\n')}\n`,
    });
    for (const limit of [30, 64, 100]) {
      const { status, stdout, stderr } = spawnSync(
        'sh',
        [
          '-c',
          `ulimit -n ${limit}; exec "$0" "$@"`,
          process.execPath,
          FORGE,
          'apply',
          '-k',
          '--no-merge',
          '--backend',
          backend,
        ],
        { cwd: here.dir, env: { ...environment(), FORGE_STATE_DIR: here.state }, encoding: 'utf8' },
      );
      if (status !== 0) assert.match(stdout + stderr, /too many open files|EMFILE/i);
      assert.doesNotMatch(stdout + stderr, /internal error|\n\s+at /, `ulimit -n ${limit}`);
    }
    assert.equal((await here.forge(['status'])).code, 0);
    assert.deepEqual(here.scratch(), []);
    const resumed = await here.forge(['resume']);
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.equal(resumed.stderr, '');
    assert.equal(here.read('f15'), '15\n');
  });
}

test('the file system turns read-only during the run: a clear error, nothing touched, resume works after a remount', {
  skip: NEEDS_ROOT,
}, async (t) => {
  const home = await Home.open(t);
  const mounts = new Mounts(t);
  const here = project(t, {}, { git: false });
  const device = mounts.ext4(here.dir, `${here.dir}.img`);
  const trigger = `/sys/fs/ext4/${device}/trigger_fs_error`;
  if (!existsSync(trigger)) return t.skip('this kernel can’t trigger an ext4 error');
  here.write({
    'forge.plan.yaml': `
version: 1
tasks:
  one: { run: 'echo one > one', owns: [one] }
  two: { run: '${home.command('two')}; echo two > two', owns: [two], needs: [one] }
`,
  });
  here.git('init', '-q', '-b', 'main');
  here.commit();
  const before = here.tree();
  const running = here.forge(['apply']);
  const caller = await home.called('two');
  writeFileSync(trigger, 'x');
  caller.end();
  const result = await running;
  assert.equal(result.code, 1, result.stdout + result.stderr);
  clear(result, /read-only|EROFS/i);
  assert.deepEqual(here.tree(), before);
  const refused = await here.forge(['resume']);
  assert.equal(refused.code, 1);
  clear(refused, /read-only|EROFS/i);
  // As after a reboot. By a copy: any mount namespace made meanwhile on this machine still holds the broken one.
  execFileSync('umount', ['-l', here.dir]);
  execFileSync('cp', ['--sparse=always', `${here.dir}.img`, `${here.dir}.img2`]);
  execFileSync('mount', ['-o', 'loop', `${here.dir}.img2`, here.dir]);
  const resuming = here.forge(['resume']);
  // Not called when the disk has lost what resuming needs: then the exit code tells.
  void home.called('two').then((again) => again.end());
  const resumed = await resuming;
  assert.equal(resumed.code, 0, resumed.stderr);
  assert.equal(here.read('one') + here.read('two'), 'one\ntwo\n');
});

test('a folder that can’t be written: the merge is refused as a whole and works when it can', {
  skip: NEEDS_ROOT,
}, async (t) => {
  const here = project(t, {
    'shut/x': 'x\n',
    'forge.plan.yaml': `version: 1\ntasks:\n  a: { run: 'echo new > shut/new; echo other > other', owns: [shut/**, other] }\n`,
  });
  try {
    execFileSync('chattr', ['+i', here.path('shut')], { stdio: 'ignore' });
  } catch {
    return t.skip('this file system has no immutable flag');
  }
  const before = here.tree();
  try {
    const result = await here.forge(['apply', '--backend', 'copy']);
    assert.equal(result.code, 1, result.stdout);
    clear(result, /shut.*not permitted|not permitted.*shut/);
    assert.deepEqual(here.tree(), before);
  } finally {
    execFileSync('chattr', ['-i', here.path('shut')]);
  }
  const merged = await here.forge(['resume']);
  assert.equal(merged.code, 0, merged.stderr);
  assert.equal(here.read('shut/new'), 'new\n');
});

const MANY = isFull ? 5_000 : 1_000;

test(`a task that makes ${MANY} files outside what it owns fails by name; one that owns them is merged`, async (t) => {
  const here: Project = project(t, {
    'many.sh': `mkdir -p "$1" && cd "$1" && seq 1 ${MANY} | xargs touch`,
    'forge.plan.yaml': `
version: 1
tasks:
  strays: { run: 'test -e "$GOOD" || sh many.sh elsewhere' }
  owned: { run: 'sh many.sh mine', owns: [mine/**] }
`,
  });
  const env = { GOOD: join(here.dir, '../good') };
  const result = await here.forge(['apply', '-k', '--json'], { env });
  assert.equal(result.code, 1, result.stderr);
  assert.match(reasonOf(result, 'strays'), new RegExp(`and ${MANY - 5 + 1} more|and ${MANY - 5} more`));
  assert.equal(stateOf(result, 'owned'), 'succeeded');
  mkdirSync(env.GOOD);
  const resumed = await here.forge(['resume'], { env });
  assert.equal(resumed.code, 0, resumed.stderr);
  assert.equal(Object.keys(here.tree()).filter((path) => path.startsWith('mine/')).length, MANY + 1);
  assert.equal(existsSync(here.path('elsewhere')), false);
});

test('a sparse file far larger than memory is carried byte by byte with bounded memory', async (t) => {
  const size = isFull ? 2 ** 30 : 2 ** 28;
  const here = project(t, {
    'forge.plan.yaml': `version: 1\ntasks:\n  big: { run: 'truncate -s ${size} big && printf end >> big', owns: [big] }\n`,
  });
  const result = await here.forge(['apply'], { env: { NODE_OPTIONS: '--max-old-space-size=96' } });
  assert.equal(result.code, 0, result.stderr);
  assert.equal(statSync(here.path('big')).size, size + 3);
});
