import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { thisProcess } from '../../../src/util/process/identity.js';
import { assertUnchanged, digest } from '../../rig/digest.js';
import { NEEDS_ROOT } from '../../rig/disk.js';
import { isFull } from '../../rig/effort.js';
import { type Project, project } from '../../rig/project.js';

const PLAN = `
version: 1
tasks:
  a: { run: 'echo a > a.txt', owns: [a.txt] }
`;
/** A process that is certainly not there. */
const DEAD = { ...thisProcess(), pid: 999_999, start: '1' };
const LONG_AGO = new Date('2020-01-01');

/** A folder with a file in it, an hour or a year old. */
function precious(dir: string, uid?: number): string {
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'gold'), 'gold');
  if (uid !== undefined) for (const path of [dir, join(dir, 'gold')]) chownSync(path, uid, uid);
  utimesSync(dir, LONG_AGO, LONG_AGO);
  return dir;
}

const LOOKING = [['ls'], ['status'], ['logs', 'a'], ['diff'], ['apply', '-n'], ['check']];
/** One of each kind, where all were tried with another case. */
const SOME = [['status'], ['apply', '-n'], ['clean']];
const ACTING = [['clean'], ['apply', '--yes'], ['resume'], ['merge'], ['abort']];

test('a state folder with other things in it: they stay, and so does its mode', async (t) => {
  const here = project(t, { 'forge.plan.yaml': PLAN });
  const disk = join(here.dir, '../disk');
  precious(join(disk, 'photos/2020'));
  precious(join(disk, 'thesis'));
  // As forge would name it, with an owner file as forge writes it, but not in a folder that forge made.
  const looksLike = precious(join(disk, '20200101-000000-abcd.a.1-0123456789ab'));
  writeFileSync(
    join(looksLike, 'owner.json'),
    JSON.stringify({ v: 1, process: DEAD, name: '20200101-000000-abcd.a.1' }),
  );
  chmodSync(disk, 0o1777);
  for (const name of readdirSync(disk)) utimesSync(join(disk, name), LONG_AGO, LONG_AGO);
  const before = digest(disk);
  for (const args of [['ls'], ['apply', '--yes'], ['clean', '--all']]) {
    await here.forge(args, { env: { FORGE_STATE_DIR: disk } });
    assertUnchanged(disk, before, args.join(' '), [`forge-${process.getuid?.()}`]);
    assert.equal(statSync(disk).mode & 0o7777, 0o1777);
  }
  assert.equal(here.read('a.txt'), 'a\n');
});

test('a mark that a killed forge left half made is no obstacle, and goes', async (t) => {
  const here = project(t, { 'forge.plan.yaml': PLAN });
  const own = join(here.state, `forge-${process.getuid?.()}`);
  mkdirSync(own, { recursive: true, mode: 0o700 });
  writeFileSync(join(own, 'made-by-forge.json.1af5083e'), '{"v":1,"in');
  const result = await here.forge(['apply', '--yes']);
  assert.equal(result.code, 0, result.stderr);
  assert.deepEqual(readdirSync(own), ['made-by-forge.json']);
});

test('a lock that a killed forge had not yet written goes with the next that acts; another file stays', async (t) => {
  const here = project(t, { 'forge.plan.yaml': PLAN });
  mkdirSync(here.path('.forge'), { mode: 0o700 });
  for (const name of ['lock.26475-39c1c7cd', 'lock.mine']) writeFileSync(here.path(`.forge/${name}`), '');
  const result = await here.forge(['apply', '--yes']);
  assert.equal(result.code, 0, result.stderr);
  assert.deepEqual(
    readdirSync(here.path('.forge')).filter((name) => name.startsWith('lock')),
    ['lock.mine'],
  );
});

test('a state folder that somebody else could swap, or that forge did not make, is refused by name', async (t) => {
  const here = project(t, { 'forge.plan.yaml': PLAN });
  const open = join(here.dir, '../open');
  mkdirSync(open);
  chmodSync(open, 0o777);
  const swapped = await here.forge(['apply', '--yes', '--backend', 'copy'], {
    env: { FORGE_STATE_DIR: open },
  });
  assert.equal(swapped.code, 2, swapped.stdout);
  assert.match(swapped.stderr, /everybody may replace what is in .*open/);
  assert.deepEqual(readdirSync(open), []);

  const disk = join(here.dir, '../disk');
  const mine = precious(join(disk, `forge-${process.getuid?.()}`));
  const taken = await here.forge(['apply', '--yes'], { env: { FORGE_STATE_DIR: disk } });
  assert.equal(taken.code, 2, taken.stdout);
  assert.match(taken.stderr, /was not made by forge/);
  assert.deepEqual(readdirSync(mine), ['gold']);
});

for (const [name, place] of [
  ['XDG_STATE_HOME', (home: string) => ({ XDG_STATE_HOME: home })],
  ['HOME', (home: string) => ({ HOME: home, XDG_STATE_HOME: undefined })],
] as const) {
  test(`${name}: another tool's folder beside forge's is not swept`, async (t) => {
    const here = project(t, { 'forge.plan.yaml': PLAN });
    const home = join(here.dir, '../home');
    const state = name === 'HOME' ? join(home, '.local/state/forge') : join(home, 'forge');
    precious(join(state, 'other-tool-db'));
    precious(join(state, 'other-0123456789ab'));
    const env = { FORGE_STATE_DIR: undefined, ...place(home) };
    for (const args of [['apply', '--yes'], ['ls'], ['clean', '--all']]) await here.forge(args, { env });
    assert.ok(existsSync(join(state, 'workspaces/made-by-forge.json')), 'forge had worked there');
    for (const other of ['other-tool-db', 'other-0123456789ab'])
      assert.equal(readFileSync(join(state, other, 'gold'), 'utf8'), 'gold');
  });
}

test('another user’s folder in a shared place makes nobody delete anything', {
  skip: NEEDS_ROOT,
}, async (t) => {
  const [victim, attacker] = [61_001, 61_002];
  const here = project(t, { 'forge.plan.yaml': PLAN });
  const gold = precious(join(here.dir, '../home/precious'), victim);
  chmodSync(gold, 0o700);
  execFileSync('chown', ['-R', `${victim}:${victim}`, here.dir, join(here.dir, '../home')]);
  chmodSync(join(here.dir, '..'), 0o755);
  for (const shared of ['/var/tmp', '/dev/shm']) {
    const planted = `${shared}/forge-${victim}`;
    execFileSync('rm', ['-rf', planted]);
    t.after(() => execFileSync('rm', ['-rf', planted]));
    mkdirSync(planted);
    symlinkSync(gold, join(planted, 'x'));
    symlinkSync(gold, join(planted, '20200101-000000-abcd.a.1-0123456789ab'));
    execFileSync('chown', ['-hR', `${attacker}:${attacker}`, planted]);
    const env = { FORGE_STATE_DIR: undefined, HOME: join(here.dir, '../home'), XDG_STATE_HOME: undefined };
    const some = [...SOME, ['apply', '--yes']];
    for (const args of shared === '/var/tmp' || isFull ? [...LOOKING, ...ACTING] : some) {
      await here.forge(args, { as: victim, env });
      assert.deepEqual(readdirSync(gold), ['gold'], `${shared}: ${args.join(' ')}`);
    }
    assert.equal(here.read('a.txt'), 'a\n', 'forge had worked');
    rmSync(here.path('a.txt'));
  }
});

/** What a hostile `.forge/merging` may say; all name a folder outside. */
function markers(victim: string): { name: string; marker: object }[] {
  const old = { pid: 999_999, started: '1', boot: 'no' };
  return [
    { name: 'as an older forge wrote it', marker: { state: 'staging', run: 'x', dir: victim, owner: old } },
    {
      name: 'staging, absolute',
      marker: { v: 1, state: 'staging', run: 'x', dir: victim, ino: '1', process: DEAD },
    },
    {
      name: 'staging, upwards',
      marker: { v: 1, state: 'staging', run: '..', dir: '../victim', ino: '1', process: DEAD },
    },
    {
      name: 'committed',
      marker: {
        v: 1,
        state: 'committed',
        run: 'x',
        dir: victim,
        ino: '1',
        process: DEAD,
        plan: '0'.repeat(64),
      },
    },
    {
      name: 'run is a way out',
      marker: { v: 1, state: 'staging', run: '../../../victim', dir: 'merge', ino: '1', process: DEAD },
    },
  ];
}

for (const kind of ['a file', 'a symlink'] as const) {
  test(`a cloned repository with a merge record (${kind}) that names a folder outside: nothing happens to it`, async (t) => {
    // Whatever it says: git tracks it.
    const some = kind === 'a file' || isFull ? markers('') : markers('').slice(0, 2);
    for (const [index, { name, marker }] of some.entries()) {
      const origin = project(t, { 'forge.plan.yaml': PLAN, '.forge/runs/k': 'k' });
      const victim = precious(join(origin.dir, '../victim'));
      const text = JSON.stringify(marker).replace('""', JSON.stringify(victim));
      const at = origin.path('.forge/merging');
      if (kind === 'a file') writeFileSync(at, text);
      else symlinkSync(text, at);
      origin.git('add', '-Af');
      origin.git('add', '-f', '.forge');
      origin.commit('hostile');
      const cloned = join(origin.dir, '../cloned');
      origin.git('clone', '-q', origin.dir, cloned);
      const before = digest(join(origin.dir, '..'), ['state']);
      for (const args of index === 0 && kind === 'a file' ? [...LOOKING, ...ACTING] : SOME) {
        const result = await origin.forge(args, { cwd: cloned });
        assert.doesNotMatch(result.stderr, /\n\s+at |internal error/, args.join(' '));
        assertUnchanged(join(origin.dir, '..'), before, `${name}: forge ${args.join(' ')}`, ['state']);
      }
      const named = await origin.forge(['apply', '--yes'], { cwd: cloned });
      assert.equal(named.code, 1, named.stdout);
      assert.match(named.stderr, /\.forge is not believed: git tracks it/);
      assertUnchanged(join(origin.dir, '..'), before, `${name}: forge apply`, ['state']);
    }
  });
}

/** A committed merge of one path, as the forge of today would write it, but made by hand. */
function plantCommitted(here: Project, path: string, content: string): void {
  const dir = here.path('.forge/runs/20200101-000000-abcd/merge');
  for (const folder of ['new', 'old']) mkdirSync(join(dir, folder), { recursive: true });
  writeFileSync(join(dir, 'old/keep'), 'k');
  writeFileSync(join(dir, 'new/0'), content);
  const hash = execFileSync('sha256sum', { input: content, encoding: 'utf8' }).slice(0, 64);
  const plan = JSON.stringify({
    v: 1,
    run: '20200101-000000-abcd',
    writes: [{ n: 0, path, kind: 'file', expected: null, mode: 0o755, ino: '0', hash }],
  });
  writeFileSync(join(dir, 'plan.json'), plan);
  const committed = execFileSync('sha256sum', { input: plan, encoding: 'utf8' }).slice(0, 64);
  writeFileSync(
    here.path('.forge/merging'),
    JSON.stringify({
      v: 1,
      state: 'committed',
      run: '20200101-000000-abcd',
      dir: 'merge',
      ino: String(lstatSync(dir, { bigint: true }).ino),
      process: DEAD,
      plan: committed,
    }),
  );
}

for (const path of [
  '.git/hooks/post-commit',
  '../outside/evil',
  'lib/../../outside/evil',
  '/tmp/forge-evil',
  'sub/.git/config',
  'sub/.forge/merging',
  '.GIT/hooks/x',
]) {
  test(`a merge record that would write ${path} writes nothing`, async (t) => {
    const here = project(t, { 'forge.plan.yaml': PLAN });
    mkdirSync(join(here.dir, '../outside'));
    plantCommitted(here, path, '#!/bin/sh\necho PWNED\n');
    const before = digest(join(here.dir, '..'), ['state']);
    for (const args of path === '.git/hooks/post-commit' ? [...LOOKING, ...ACTING] : SOME) {
      const result = await here.forge(args);
      assert.doesNotMatch(result.stderr, /\n\s+at |internal error/, args.join(' '));
      assertUnchanged(join(here.dir, '..'), before, args.join(' '), ['state']);
    }
    const result = await here.forge(['apply', '--yes']);
    assert.notEqual(result.code, 0);
    assert.match(result.stderr, /merging is not believed/);
    assertUnchanged(join(here.dir, '..'), before, 'apply', ['state']);
  });
}

test('a `.forge` in a folder above that another user made is named, and nothing in it is done', {
  skip: NEEDS_ROOT,
}, async (t) => {
  const [victim, attacker] = [61_001, 61_002];
  const here = project(t, {}, { git: false });
  const top = join(here.dir, '..');
  const shared = join(top, 'shared');
  mkdirSync(shared);
  chmodSync(top, 0o755);
  chmodSync(shared, 0o1777);
  const gold = precious(join(top, 'home/gold'), victim);
  mkdirSync(join(shared, '.forge/runs'), { recursive: true });
  writeFileSync(
    join(shared, '.forge/merging'),
    JSON.stringify({ v: 1, state: 'staging', run: 'x', dir: gold, process: DEAD }),
  );
  execFileSync('chown', ['-R', `${attacker}:${attacker}`, join(shared, '.forge')]);
  execFileSync('chmod', ['-R', '777', join(shared, '.forge')]);
  const mine = join(shared, 'mine');
  mkdirSync(mine);
  chownSync(mine, victim, victim);
  const before = digest(top, ['state']);
  for (const args of [
    ['ls'],
    ['status'],
    ['logs', 'a'],
    ['diff'],
    ['clean', '--all'],
    ['resume'],
    ['merge'],
    ['abort'],
  ]) {
    const result = await here.forge(args, { as: victim, cwd: mine, env: { HOME: join(top, 'home') } });
    assert.equal(result.code, 1, args.join(' '));
    assert.match(result.stderr, /shared\/\.forge is not believed: it belongs to another user/);
    assertUnchanged(top, before, args.join(' '), ['state']);
  }
});

test('`.forge` or `.forge/runs` as a link, a file or a dangling link is named; what it leads to stays', async (t) => {
  for (const plant of [
    (here: Project, gold: string) => symlinkSync(gold, here.path('.forge')),
    (here: Project) => symlinkSync('nowhere', here.path('.forge')),
    (here: Project) => here.write({ '.forge': 'a file' }),
    (here: Project, gold: string) => {
      mkdirSync(here.path('.forge'));
      symlinkSync(gold, here.path('.forge/runs'));
    },
  ]) {
    const here = project(t, { 'forge.plan.yaml': PLAN });
    const gold = precious(join(here.dir, '../gold'));
    precious(join(gold, '20200101-000000-abcd'));
    writeFileSync(join(gold, '20200101-000000-abcd/journal.ndjson'), '');
    plant(here, gold);
    const before = digest(join(here.dir, '..'), ['state']);
    for (const args of [['apply', '--yes'], ['ls'], ['clean', '--all']]) {
      const result = await here.forge(args);
      assert.equal(result.code, 1, `${args.join(' ')}: ${result.stderr}`);
      if (args[0] === 'apply') assert.match(result.stderr, /\.forge(?:\/runs)? is not believed/);
      assert.doesNotMatch(result.stderr, /\n\s+at |ENOENT|EEXIST|ENOTDIR/);
      assertUnchanged(join(here.dir, '..'), before, args.join(' '), ['state']);
    }
  }
});

test('looking changes nothing at all: not the scratch of dead runs, not a merge that had written nothing', async (t) => {
  const here = project(t, { 'forge.plan.yaml': PLAN });
  const killed = await here.forge(['apply', '--yes'], { env: { FORGE_FAULT: 'merge-staged' } });
  assert.equal(killed.signal, 'SIGKILL');
  const before = digest(join(here.dir, '..'));
  for (const args of LOOKING) {
    const result = await here.forge(args);
    assert.equal(result.code, 0, `${args.join(' ')}: ${result.stderr}`);
    assertUnchanged(join(here.dir, '..'), before, args.join(' '));
  }
  // One that acts undoes it.
  assert.equal((await here.forge(['clean'])).code, 0);
  assert.equal(existsSync(here.path('.forge/merging')), false);
  assert.equal(lstatSync(here.path('.forge/merging'), { throwIfNoEntry: false }), undefined);
  assert.equal((await here.forge(['merge'])).code, 0);
  assert.equal(here.read('a.txt'), 'a\n');
});

test('looking finishes a merge of our own that is half written; a dry run not even that', async (t) => {
  const here = project(t, { 'forge.plan.yaml': PLAN });
  const killed = await here.forge(['apply', '--yes'], { env: { FORGE_FAULT: 'merge-committed' } });
  assert.equal(killed.signal, 'SIGKILL');
  const before = digest(join(here.dir, '..'));
  for (const args of [['apply', '-n'], ['check']]) {
    assert.equal((await here.forge(args)).code, 0);
    assertUnchanged(join(here.dir, '..'), before, args.join(' '));
  }
  const status = await here.forge(['status']);
  assert.equal(status.code, 0, status.stderr);
  assert.match(status.stderr, /was interrupted; finished it now \(1 path\)/);
  assert.equal(here.read('a.txt'), 'a\n');
});

test('what forge keeps is for its user alone', async (t) => {
  const here = project(t, { 'forge.plan.yaml': PLAN });
  assert.equal((await here.forge(['apply', '--yes'])).code, 0);
  assert.equal(statSync(here.path('.forge')).mode & 0o7777, 0o700);
  assert.equal(statSync(here.path(`.forge/runs/${here.run()}`)).mode & 0o7777, 0o700);
});

test('a run that never began leaves no folder, and one that was killed then is removed', async (t) => {
  const here = project(t, { 'forge.plan.yaml': PLAN });
  const refused = await here.forge(['apply', '--yes', '--backend', 'clone']);
  assert.equal(refused.code, 2, refused.stderr);
  assert.deepEqual(readdirSync(here.path('.forge/runs')), []);
  // As a kill between making the folder and the journal leaves it.
  const unborn = '.forge/runs/20200101-000000-abcd';
  here.write({ [`${unborn}/forge.plan.yaml`]: PLAN, [`${unborn}/base/copies/0`]: 'x' });
  const notOurs = '.forge/runs/20200101-000000-abce';
  here.write({ [`${notOurs}/tasks/a/attempt-1/output.log`]: 'work', '.forge/runs/mine/thesis': 'x' });
  assert.equal((await here.forge(['clean', '--all'])).code, 0);
  assert.equal(existsSync(here.path(unborn)), false);
  assert.ok(existsSync(here.path(`${notOurs}/tasks/a/attempt-1/output.log`)));
  assert.ok(existsSync(here.path('.forge/runs/mine/thesis')));
});
