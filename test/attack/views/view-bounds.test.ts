import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { BACKENDS, eventsOf, FORGE, type ForgeResult, type Project, project } from '../../rig/project.js';

const asRoot = process.getuid?.() === 0 ? false : 'needs root';
const reasonOf = (result: ForgeResult, task: string) =>
  eventsOf(result.events, 'task.finished').find((event) => event.task === task)?.reason ?? '';
const plan = (tasks: Record<string, object>, more: object = {}) =>
  JSON.stringify({ version: 1, tasks, ...more });

for (const backend of BACKENDS) {
  test(`${backend}: real root keeps a container's capabilities, and those that the task names`, {
    skip: asRoot,
  }, async (t) => {
    const here = project(t);
    const run =
      'grep CapBnd /proc/self/status | cut -f2 > $FORGE_TASK; grep CapEff /proc/self/status | cut -f2 >> $FORGE_TASK';
    here.write({
      'forge.plan.yaml': plan({
        few: { run, owns: ['few'] },
        more: { run, owns: ['more'], capabilities: ['CAP_SYS_ADMIN', 'net_admin'] },
      }),
    });
    const result = await here.forge(['apply', '--yes', '--json', '--backend', backend]);
    assert.equal(result.code, 0, result.stdout + result.stderr);
    const caps = (name: string) =>
      here
        .read(name)
        .trim()
        .split('\n')
        .map((hex) => BigInt(`0x${hex}`));
    const few = 0xa80425fbn & ~(1n << 27n);
    assert.deepEqual(caps('few'), [few, few]);
    const more = few | (1n << 21n) | (1n << 12n);
    assert.deepEqual(caps('more'), [more, more]);
  });

  test(`${backend}: a task that may unmount its view and does fails by that name, and nothing of it counts as "no changes"`, {
    skip: asRoot,
  }, async (t) => {
    const here = project(t, { 'src/a.txt': 'a\n' });
    const run = {
      overlay: 'umount -l $PWD',
      copy: `mount -o remount,bind,rw ${here.dir} || mount -t tmpfs none $PWD`,
    }[backend];
    here.write({
      'forge.plan.yaml': plan({ a: { run, owns: ['src/**'], capabilities: ['sys_admin'] } }),
    });
    const result = await here.forge(['apply', '--yes', '--json', '--backend', backend]);
    assert.equal(result.code, 1, result.stdout + result.stderr);
    assert.match(reasonOf(result, 'a'), /mounts of the private view were changed while the task ran/);
  });

  test(`${backend}: a task that loses /proc ends, and says so`, { skip: asRoot }, async (t) => {
    const here = project(t, { 'src/a.txt': 'a\n' });
    here.write({
      'forge.plan.yaml': plan({
        a: {
          run: 'setsid sleep 1000 & umount -l /proc',
          owns: ['src/**'],
          timeout: '60s',
          capabilities: ['sys_admin'],
        },
      }),
    });
    const result = await here.forge(['apply', '--yes', '--json', '--backend', backend]);
    assert.equal(result.code, 1, result.stdout + result.stderr);
    assert.match(reasonOf(result, 'a'), /\/proc of the private view .* was unmounted or covered/);
    assert.deepEqual(here.scratch(), []);
  });
}

/**
 * Two children each, for ever; the limit spares the machine. A generation that finds no room dies, and the next one comes.
 * Each process holds the FIFO open that it tells of itself.
 */
const BOMB = `exec 9>"$ALIVE"; while :; do prlimit --nproc=500:500 sh -c 'b() { echo >&9; b & b & wait; }; b'; done 2>/dev/null`;

for (const [name, backend, isolation] of [
  ['overlay', 'overlay', undefined],
  ['copy without namespaces', 'copy', 'none'],
] as const) {
  test(`${name}: a fork bomb ends with its timeout, and leaves nothing`, { skip: asRoot }, async (t) => {
    const USER = 31_337;
    const here = project(t, { 'src/a.txt': 'a\n' });
    const alive = join(here.dir, '../alive');
    here.write({
      'forge.plan.yaml': plan({ a: { run: BOMB, owns: ['src/**'], timeout: '4s', env: { ALIVE: alive } } }),
    });
    execFileSync('sh', [
      '-c',
      'mkdir -p "$1" && mkfifo "$3" && chown -R "$2:$2" "$1/.." && chmod 755 "$1/.."',
      'sh',
      here.state,
      `${USER}`,
      alive,
    ]);
    const listener = spawn('cat', [alive], { stdio: ['ignore', 'pipe', 'inherit'] });
    t.after(() => listener.kill());
    let births = 0;
    listener.stdout.on('data', (chunk: Buffer) => {
      births += chunk.length;
    });
    const over = new Promise((resolve) => listener.once('close', resolve));
    const result = await here.forge(['apply', '--yes', '--json', '--backend', backend], {
      as: USER,
      env: { HOME: here.state, FORGE_ISOLATION: isolation },
    });
    assert.equal(result.code, 1, result.stdout + result.stderr);
    const attempt = eventsOf(result.events, 'attempt.finished')[0];
    assert.equal(attempt?.outcome, 'timeout', JSON.stringify(attempt));
    // What was killed takes its time to be gone; while anything lives, the FIFO does not end.
    await over;
    assert.ok(births > 500, `${births} processes were there`);
  });
}

test('forge check names a capability that is none, and what was meant', async (t) => {
  const here = project(t);
  here.write({
    'forge.plan.yaml':
      'version: 1\ntasks:\n  a: { run: "true", capabilities: [cap_sys_admn, CAP_CHOWN, Net_Raw] }\n',
  });
  const result = await here.forge(['check']);
  assert.equal(result.code, 2);
  assert.match(result.stderr + result.stdout, /3:36.*no capability is called `cap_sys_admn`/);
  assert.match(result.stderr + result.stdout, /did you mean `?sys_admin/);
});

test('a task that stops every process it finds, forge’s helpers too, is ended all the same', async (t) => {
  const here = project(t, {
    'stop.sh': "trap '' TERM; n=0; while [ $n -lt 30000 ]; do kill -STOP -1; n=$((n+1)); done",
    'forge.plan.yaml':
      'version: 1\ntasks:\n  a: { run: "setsid sh stop.sh & sleep 1000", owns: [x], timeout: 2s }\n',
  });
  // On a machine without namespaces it would stop the machine.
  const result = await here.forge(['apply', '--yes', '--backend', 'overlay']);
  assert.equal(result.signal, null);
  assert.equal(result.code, 1, result.stdout + result.stderr);
  assert.match(result.stdout, /Nothing merged/);
});

test('a root task that becomes another user gets terminals', { skip: asRoot }, async (t) => {
  const here = project(t, {
    'forge.plan.yaml':
      'version: 1\ntasks:\n  a: { run: "setpriv --reuid=61001 --regid=61001 --clear-groups script -qec tty /dev/null > x", owns: [x] }\n',
  });
  const result = await here.forge(['apply', '--yes', '--backend', 'overlay']);
  assert.equal(result.code, 0, result.stdout + result.stderr);
  assert.match(here.read('x'), /^\/dev\/pts\/\d+/);
});

for (const backend of BACKENDS) {
  test(`${backend}: forge can be run in a task, on another tree and with the same state folder`, async (t) => {
    const here = project(t, {
      'inner/forge.plan.yaml': 'version: 1\ntasks:\n  b: { run: "echo inner > b.txt", owns: [b.txt] }\n',
    });
    const inner = `d=$(mktemp -d) && cp -r inner/. $d && cd $d && git init -q && ${process.execPath} ${FORGE} apply --yes && cp b.txt $OLDPWD/out.txt; rm -rf $d`;
    here.write({
      'forge.plan.yaml': `version: 1\ntasks:\n  a: { run: ${JSON.stringify(inner)}, owns: [out.txt] }\n`,
    });
    const result = await here.forge(['apply', '--yes', '--backend', backend]);
    assert.equal(result.code, 0, result.stdout + result.stderr);
    assert.equal(here.read('out.txt'), 'inner\n');
  });

  test(`${backend}: in another user's repository that git was told to trust, a task can use git`, {
    skip: asRoot,
  }, async (t) => {
    const here = project(t, {
      'forge.plan.yaml':
        'version: 1\ntasks:\n  a: { run: "echo hi > x.txt && git add x.txt && git commit -qm x && git log --format=%s -1 > log.txt", owns: [x.txt, log.txt] }\n',
    });
    execFileSync('chown', ['-R', '61001:61001', here.dir]);
    const env = { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'safe.directory', GIT_CONFIG_VALUE_0: here.dir };
    const result = await here.forge(['apply', '--yes', '--backend', backend], { env });
    assert.equal(result.code, 0, result.stdout + result.stderr);
    assert.equal(here.read('log.txt'), 'x\n');
  });
}

/** A folder of a project that belongs to an ordinary user, and what it takes to run forge as that user. */
function asOrdinaryUser(here: Project): { as: number; env: Record<string, string> } {
  const [user, top] = [61_001, join(here.dir, '..')];
  mkdirSync(join(top, 'home'));
  execFileSync('chown', ['-R', `${user}:${user}`, top]);
  execFileSync('chmod', ['755', top]);
  return { as: user, env: { HOME: join(top, 'home') } };
}

test('a process that hides its environment (its program can’t be read) is ended before verify', {
  skip: asRoot,
}, async (t) => {
  const here = project(t, {
    'run.sh': `set -e; t=$(mktemp -d); mkfifo $t/pid $t/never
setsid ../hidden -c "echo \\$\\$ > $t/pid; : < $t/never" >/dev/null 2>&1 &
read pid < $t/pid; kill -0 $pid; echo $pid $(readlink /proc/self/ns/pid) > f; rm $t/pid`,
    'verify.sh':
      'set -e; read pid namespace < f; test $namespace = $(readlink /proc/self/ns/pid); ! kill -0 $pid',
    'forge.plan.yaml': 'version: 1\ntasks:\n  a: { run: sh run.sh, owns: [f], verify: sh verify.sh }\n',
  });
  const user = asOrdinaryUser(here);
  // What may be run but not read is not dumpable (proc(5)): its /proc is root's. Outside: a view has to read what it shows.
  execFileSync('sh', ['-c', 'cp "$(readlink -f /bin/sh)" hidden; chown 0:0 hidden; chmod 111 hidden'], {
    cwd: join(here.dir, '..'),
  });
  const result = await here.forge(['apply', '--yes', '--backend', 'overlay'], user);
  assert.equal(result.code, 0, result.stdout + result.stderr);
});

test('without namespaces, a process of another user (as sudo makes) keeps forge from nothing but ending it', {
  skip: asRoot,
}, async (t) => {
  const here = project(t, {
    'forge.plan.yaml':
      'version: 1\ntasks:\n  a: { run: "../become --reuid=0 --regid=0 --clear-groups sleep 654", owns: [x], timeout: 2s }\n',
  });
  const user = asOrdinaryUser(here);
  execFileSync('sh', ['-c', 'cp "$(command -v setpriv)" become; chown 0:0 become; chmod 4755 become'], {
    cwd: join(here.dir, '..'),
  });
  t.after(() => {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      try {
        if (readFileSync(`/proc/${pid}/cmdline`, 'utf8') === 'sleep\x354\0')
          process.kill(Number(pid), 'SIGKILL');
      } catch {
        // Ended between the two.
      }
    }
  });
  const result = await here.forge(['apply', '--yes', '--backend', 'copy'], {
    as: user.as,
    env: { ...user.env, FORGE_ISOLATION: 'none' },
  });
  assert.equal(result.signal, null);
  assert.equal(result.code, 1, result.stdout + result.stderr);
  assert.doesNotMatch(result.stderr, /\n\s+at |internal error/);
});

test('without namespaces, what a task mounts in its copy is not collected, and nothing behind it is removed', {
  skip: asRoot,
}, async (t) => {
  const here = project(t, { '.gitignore': 'mnt\n' });
  const outside = join(here.dir, '../outside');
  mkdirSync(join(outside, 'deep'), { recursive: true });
  writeFileSync(join(outside, 'deep/gold'), 'gold');
  here.write({
    'forge.plan.yaml': plan({
      a: { run: `mkdir mnt; mount --bind ${outside} mnt; echo b > b`, owns: ['b'] },
    }),
  });
  const env = { FORGE_ISOLATION: 'none' };
  const result = await here.forge(['apply', '--yes', '--json', '--backend', 'copy'], { env });
  const points = () =>
    execFileSync('findmnt', ['-rno', 'TARGET'], { encoding: 'utf8' })
      .split('\n')
      .filter((point) => point.startsWith(here.state));
  t.after(() => {
    for (const point of points()) execFileSync('umount', [point]);
  });
  assert.equal(points().length, 1);
  assert.equal(result.code, 1, result.stdout + result.stderr);
  assert.match(reasonOf(result, 'a'), /something was mounted on .*\/mnt while the task ran/);
  const cleaned = await here.forge(['clean', '--all'], { env });
  assert.match(cleaned.stderr, /could not remove .*something is mounted on .*\/mnt; unmount it first/);
  assert.equal(readFileSync(join(outside, 'deep/gold'), 'utf8'), 'gold');
  execFileSync('umount', points());
  assert.equal((await here.forge(['clean'], { env })).code, 0);
  assert.deepEqual(here.scratch(), []);
  assert.equal(readFileSync(join(outside, 'deep/gold'), 'utf8'), 'gold');
});

test('copy: a gate sees what a task made through links in full, and reaches nothing real through them', async (t) => {
  for (const isolation of [undefined, 'none']) {
    const here = project(t, {
      'src/a': 'good\n',
      'forge.plan.yaml': `version: 1
tasks:
  a: { run: 'echo broken > src/a; ln -s "$PWD/src" current', owns: [src/a, current] }
gates:
  - { name: g, run: 'echo x > current/out; grep -q good current/a' }
`,
    });
    const result = await here.forge(['apply', '--yes', '--backend', 'copy'], {
      env: { FORGE_ISOLATION: isolation },
    });
    assert.equal(result.code, 1, result.stdout + result.stderr);
    assert.match(result.stdout, /gate g: failed/);
    assert.deepEqual(readdirSync(here.path('src')), ['a']);
  }
});

test('without namespaces, a task that removes its own copy is told what it did, and no error of the system', async (t) => {
  const here = project(t, {
    'src/a.txt': 'a\n',
    'forge.plan.yaml': 'version: 1\ntasks:\n  a: { run: \'rm -rf "$PWD"\', owns: [src/**] }\n',
  });
  const before = here.tree();
  const result = await here.forge(['apply', '--yes', '--json', '--backend', 'copy'], {
    env: { FORGE_ISOLATION: 'none' },
  });
  assert.equal(result.code, 1, result.stdout + result.stderr);
  assert.match(reasonOf(result, 'a'), /the task removed the folder that it worked in/);
  assert.deepEqual(here.tree(), before);
});
