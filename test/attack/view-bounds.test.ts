import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { BACKENDS, eventsOf, FORGE, type ForgeResult, project } from '../rig/project.js';

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

/** Two children each, for ever; the limit spares the machine. A generation that finds no room dies, and the next one comes. */
const BOMB = `while :; do prlimit --nproc=500:500 sh -c 'b() { b & b & wait; }; b'; done 2>/dev/null`;

for (const [name, backend, isolation] of [
  ['overlay', 'overlay', undefined],
  ['copy without namespaces', 'copy', 'none'],
] as const) {
  test(`${name}: a fork bomb ends with its timeout, and leaves nothing`, { skip: asRoot }, async (t) => {
    const USER = 31_337;
    const here = project(t, { 'src/a.txt': 'a\n' });
    here.write({ 'forge.plan.yaml': plan({ a: { run: BOMB, owns: ['src/**'], timeout: '1s' } }) });
    execFileSync('sh', [
      '-c',
      'mkdir -p "$1" && chown -R "$2:$2" "$1/.." && chmod 755 "$1/.."',
      'sh',
      here.state,
      `${USER}`,
    ]);
    const result = await here.forge(['apply', '--yes', '--json', '--backend', backend], {
      as: USER,
      env: { HOME: here.state, FORGE_ISOLATION: isolation },
    });
    assert.equal(result.code, 1, result.stdout + result.stderr);
    const attempt = eventsOf(result.events, 'attempt.finished')[0];
    assert.equal(attempt?.outcome, 'timeout', JSON.stringify(attempt));
    // What was killed takes its time to be gone, and to be buried by the machine's init; what lives stays.
    const count = () =>
      execFileSync('sh', ['-c', `ps -o pid= -u ${USER} | wc -l`], { encoding: 'utf8' }).trim();
    let left = count();
    for (let tries = 0; left !== '0' && tries < 600; tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      left = count();
    }
    assert.equal(left, '0');
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
  const result = await here.forge(['apply', '--yes']);
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
