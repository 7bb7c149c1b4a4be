import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { assertUnchanged, digest } from '../../rig/digest.js';
import { eventsOf, type Project, project } from '../../rig/project.js';
import { stoppedAt } from '../../rig/stopped-at.js';

const PLAN = `
version: 1
tasks:
  a: { run: 'for f in a b c; do echo new > d/$f; done', owns: [d/**] }
`;
const FILES = { 'forge.plan.yaml': PLAN, 'd/a': 'old\n', 'd/b': 'old\n', 'd/c': 'old\n' };

async function killed(t: TestContext, fault: string): Promise<Project> {
  const here = project(t, FILES);
  assert.equal((await here.forge(['apply', '--yes'], { env: { FORGE_FAULT: fault } })).signal, 'SIGKILL');
  return here;
}

test('a file that the merge had put in place, then edited in place and replaced or removed by the user: finished all the same', async (t) => {
  for (const after of [
    (file: string) => {
      writeFileSync(`${file}.tmp`, 'mine\n');
      renameSync(`${file}.tmp`, file);
    },
    (file: string) => rmSync(file),
  ]) {
    const here = await killed(t, 'merge-synced');
    appendFileSync(here.path('d/a'), 'edited\n');
    after(here.path('d/a'));
    const status = await here.forge(['status']);
    assert.equal(status.code, 0, status.stderr);
    assert.match(status.stderr, /finished it now/);
    assert.deepEqual([here.read('d/b'), here.read('d/c')], ['new\n', 'new\n']);
    if (existsSync(here.path('d/a')))
      assert.equal(here.read('d/a'), 'mine\n', 'what the user has there stays');
  }
});

test('a record whose folder is gone is that of a merge which had written nothing: it is undone', async (t) => {
  const here = await killed(t, 'merge-staged');
  rmSync(here.path(`.forge/runs/${here.run()}/merge`), { recursive: true });
  const merged = await here.forge(['merge']);
  assert.equal(merged.code, 0, merged.stderr);
  assert.equal(here.read('d/a'), 'new\n');
});

test('a half-written merge that came in a copy or an archive is not believed; the real one is', async (t) => {
  const here = await killed(t, 'merge-committed');
  const copy = join(here.dir, '../copy');
  cpSync(here.dir, copy, { recursive: true, verbatimSymlinks: true });
  const before = digest(copy);
  for (const args of [['status'], ['ls'], ['apply', '--yes']]) {
    const result = await here.forge(args, { cwd: copy });
    assert.equal(result.code, 1, `${args.join(' ')}: ${result.stderr}`);
    assert.match(result.stderr, /not believed .*copy or from an archive/);
    if (args[0] !== 'apply') assertUnchanged(copy, before, args.join(' '));
  }
  assert.match((await here.forge(['status'])).stderr, /finished it now \(3 paths\)/);
});

test('a lock that is not forge’s: named without a stack trace, and left as it is', async (t) => {
  for (const plant of [
    (lock: string) => mkdirSync(lock),
    (lock: string) => symlinkSync('nowhere', lock),
    (lock: string) => execFileSync('mkfifo', [lock]),
    (lock: string) => {
      writeFileSync(lock, '');
      symlinkSync('x', `${lock}-after-nobody`);
    },
  ]) {
    const here = project(t, FILES);
    mkdirSync(here.path('.forge/runs'), { recursive: true });
    plant(here.path('.forge/lock'));
    const result = await here.forge(['apply', '--yes']);
    assert.equal(result.code, 1, result.stdout + result.stderr);
    assert.match(result.stderr, /is no (?:lock|claim) of forge’s/);
    assert.doesNotMatch(result.stderr, /\n\s+at |internal error/);
    assert.ok(lstatSync(here.path('.forge/lock')));
    assert.equal(here.read('d/a'), 'old\n');
  }
});

test('a tracked .forge is named by looking commands too, and not even its lock is touched', async (t) => {
  const here = project(t, FILES);
  assert.equal((await here.forge(['apply', '--no-merge'])).code, 0);
  here.write({ '.forge/lock': 'anything', '.forge/merging': 'x' });
  here.git('add', '-Af', '.');
  here.git('add', '-f', '.forge');
  here.commit('hostile');
  const cloned = join(here.dir, '../cloned');
  here.git('clone', '-q', here.dir, cloned);
  const before = digest(cloned);
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
    const result = await here.forge(args, { cwd: cloned });
    assert.equal(result.code, 1, args.join(' '));
    assert.match(result.stderr, /\.forge is not believed: git tracks it/, args.join(' '));
    assertUnchanged(cloned, before, args.join(' '));
  }
});

test('FIFOs in the place of a run’s own files hang nothing', async (t) => {
  for (const name of ['request.json', 'forge.plan.yaml', 'base/base.json', 'journal.ndjson']) {
    const here = project(t, FILES);
    assert.equal((await here.forge(['apply', '--no-merge'])).code, 0);
    const file = here.path(`.forge/runs/${here.run()}/${name}`);
    rmSync(file);
    execFileSync('mkfifo', [file]);
    for (const args of [['status'], ['ls'], ['merge'], ['diff'], ['clean', '--all']]) {
      const result = await here.forge(args);
      assert.notEqual(result.code, null, `${name}: ${args.join(' ')}`);
      assert.doesNotMatch(result.stderr, /\n\s+at |internal error/, `${name}: ${args.join(' ')}`);
    }
  }
});

test('what a merge has to tell is told on screen and by status, and clean keeps versions of the user’s', async (t) => {
  const here = project(t, FILES);
  execFileSync('ln', [here.path('d/b'), here.path('other-name')]);
  const killedNow = await here.forge(['apply', '--yes'], { env: { FORGE_FAULT: 'merge-committed' } });
  assert.equal(killedNow.signal, 'SIGKILL');
  writeFileSync(here.path('d/c'), 'saved meanwhile\n');
  const status = await here.forge(['status']);
  assert.match(status.stderr, /d\/c was changed meanwhile; that version is in /);
  const kept = await here.forge(['clean']);
  assert.match(kept.stdout, /kept .*holds versions of yours/);
  const old = here.path(`.forge/runs/${here.run()}/merge/old`);
  assert.ok(readdirSync(old).some((name) => readFileSync(join(old, name), 'utf8') === 'saved meanwhile\n'));
  assert.match((await here.forge(['clean', here.run()])).stdout, /removed/);

  const linked = project(t, FILES);
  execFileSync('ln', [linked.path('d/b'), linked.path('other-name')]);
  const told = await linked.forge(['apply', '--yes']);
  assert.match(told.stdout, /Merged 3 files\.\n {2}d\/b had 2 names/);
  assert.match((await linked.forge(['status'])).stdout, /d\/b had 2 names/);
});

test('Ctrl-C before the commit point of a merge: nothing is written, exit 130', async (t) => {
  const here = project(t, FILES);
  const before = here.tree();
  const { forge, result } = await stoppedAt(here, 'merge-staging', ['apply', '--yes', '--json']);
  forge.kill('SIGINT');
  forge.kill('SIGCONT');
  const { code, events, stderr } = await result;
  assert.equal(code, 130, stderr);
  assert.deepEqual(here.tree(), before);
  assert.equal(eventsOf(events, 'merge.finished').at(-1)?.state, 'refused');
});
