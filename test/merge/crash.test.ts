import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Recovered, recoverMerge } from '../../src/merge/index.js';
import { isFull } from '../rig/effort.js';
import { FAULTS, holder, prepareJob, runProcess } from './crash.js';
import { everything } from './everything.js';
import { created, file, plant, type Scene, type Snapshot, scene, snapshot } from './trees.js';

/** A scene ready to merge: the tree before, and the tree that must come out. */
async function ready(t: TestContext): Promise<{ at: Scene; job: string; old: Snapshot; fresh: Snapshot }> {
  const at = scene(t, { git: false });
  const { entries, expected } = everything(at);
  const model = join(at.dir, 'model');
  mkdirSync(model);
  plant(model, expected);
  const job = await prepareJob(at, entries);
  return { at, job, old: snapshot(at.root), fresh: snapshot(model) };
}

/** Kills a merge at each fault point, at its first passes and every third (FORGE_FULL=1: each) after them; `check` looks at what is left. Two at a time: the machine has few cores. */
async function sweep(
  t: TestContext,
  faults: readonly string[],
  check: (scene: Awaited<ReturnType<typeof ready>>, fault: string) => Promise<void>,
): Promise<number> {
  let kills = 0;
  const queue = [...faults];
  const worker = async () => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
      for (let n = 1; ; n += n < 2 || isFull ? 1 : 3) {
        const prepared = await ready(t);
        const fault = `${name}:${n}`;
        const { signal, code } = await runProcess(['write', prepared.job], fault);
        if (signal === null) {
          assert.equal(code, 0);
          assert.ok(n > 1 || name === 'merge-ref', `${name} is a fault point`);
          break;
        }
        kills += 1;
        await check(prepared, fault);
        rmSync(prepared.at.dir, { recursive: true });
      }
    }
  };
  await Promise.all([worker(), worker()]);
  return kills;
}

test('killed anywhere: old tree before the commit point, new tree after it, nothing left over', async (t) => {
  const kills = await sweep(t, FAULTS, async ({ at, old, fresh }, fault) => {
    const committed = FAULTS.indexOf(fault.split(':')[0]!) >= FAULTS.indexOf('merge-committed');
    if (!committed) assert.deepEqual(snapshot(at.root), old, fault);
    const recovered = await recoverMerge(at.root);
    if (fault.startsWith('merge-done')) assert.equal(recovered, null);
    else assert.equal(recovered?.outcome, committed ? 'finished' : 'undone', fault);
    assert.deepEqual(recovered?.displaced ?? [], [], fault);
    assert.deepEqual(snapshot(at.root), committed ? fresh : old, fault);
    assert.deepEqual(readdirSync(join(at.root, '.forge')).sort(), ['.gitignore', 'runs'], fault);
    if (!committed) assert.deepEqual(readdirSync(join(at.root, '.forge/runs/r1')), [], fault);
    else assert.equal(existsSync(join(at.root, '.forge/runs/r1/merge/new')), false, fault);
    assert.equal(await recoverMerge(at.root), null);
  });
  t.diagnostic(`${kills} kills`);
  assert.ok(kills > (isFull ? 40 : 20));
});

test('killed, then edited by the user, then recovered: the edit is in the tree or kept and named', async (t) => {
  const faults = [
    'merge-planned',
    'merge-committed',
    'merge-displaced',
    'merge-renamed',
    'merge-synced',
    'merge-unstaged',
  ];
  await sweep(t, faults, async ({ at, fresh }, fault) => {
    // One save in place where the file is there, one by rename, one new file where one was deleted.
    writeFileSync(join(at.root, 'text.txt'), 'user text');
    writeFileSync(join(at.root, 'save'), 'user link');
    renameSync(join(at.root, 'save'), join(at.root, 'link-becomes-file'));
    if (!existsSync(join(at.root, 'gone.txt'))) writeFileSync(join(at.root, 'gone.txt'), 'user gone');
    const recovered = await recoverMerge(at.root);
    const kept = new Map((recovered?.displaced ?? []).map((d) => [d.path, readFileSync(d.kept, 'utf8')]));
    for (const [path, content] of [
      ['text.txt', 'user text'],
      ['link-becomes-file', 'user link'],
    ] as const) {
      const inTree = readFileSync(join(at.root, path), 'utf8') === content;
      assert.ok(inTree || kept.get(path) === content, `${fault}: ${path} ${JSON.stringify(recovered)}`);
    }
    if (recovered?.outcome !== 'finished') return;
    // The run had deleted it; the user has made a new one.
    if (fault.startsWith('merge-synced') || fault.startsWith('merge-unstaged'))
      assert.equal(readFileSync(join(at.root, 'gone.txt'), 'utf8'), 'user gone');
    const now = snapshot(at.root);
    for (const path of ['text.txt', 'link-becomes-file', 'gone.txt']) {
      delete now[path];
      delete fresh[path];
    }
    assert.deepEqual(now, fresh, fault);
  });
});

test('recovery can be killed too', async (t) => {
  const { at, job, fresh } = await ready(t);
  await runProcess(['write', job], 'merge-displaced:2');
  assert.equal(
    (await runProcess(['recover', at.root], 'merge-committed')).code,
    0,
    'not a point of recovery',
  );
  assert.deepEqual(snapshot(at.root), fresh);
  for (const fault of [
    'merge-deleted:2',
    'merge-folder:1',
    'merge-renamed:3',
    'merge-synced',
    'merge-unstaged',
  ]) {
    const again = await ready(t);
    await runProcess(['write', again.job], 'merge-committed');
    assert.equal((await runProcess(['recover', again.at.root], fault)).signal, 'SIGKILL', fault);
    const second = await runProcess(['recover', again.at.root], fault);
    // Its second try may be past that point.
    assert.ok(second.signal === 'SIGKILL' || second.code === 0, JSON.stringify(second));
    await runProcess(['recover', again.at.root]);
    assert.deepEqual(snapshot(again.at.root), fresh, fault);
    assert.deepEqual(readdirSync(join(again.at.root, '.forge')).sort(), ['.gitignore', 'runs'], fault);
  }
});

test('several forge commands at once: one of them finishes the merge', async (t) => {
  const { at, job, fresh } = await ready(t);
  await runProcess(['write', job], 'merge-renamed:2');
  const found = await Promise.all([1, 2, 3, 4].map(() => runProcess(['recover', at.root])));
  const results = found.map(({ result }) => result as Recovered | null);
  const outcomes = results.map((result) => (result === null ? 'nothing' : (result.outcome ?? 'refused')));
  assert.equal(outcomes.filter((outcome) => outcome === 'finished').length, 1, JSON.stringify(results));
  assert.deepEqual(snapshot(at.root), fresh);
  assert.deepEqual(readdirSync(join(at.root, '.forge')).sort(), ['.gitignore', 'runs']);
});

test('an heir of the lock that lives is left alone, an heir that died is inherited from', async (t) => {
  const { at, job, fresh } = await ready(t);
  await runProcess(['write', job], 'merge-renamed:2');
  for (let generation = 0; generation < 3; generation += 1) {
    const heir = await holder(at.root);
    const { result } = await runProcess(['recover', at.root]);
    assert.match((result as { error: string }).error, new RegExp(`pid ${heir.pid}, hold\\) is at work`));
    const ended = once(heir, 'close');
    heir.kill('SIGKILL');
    await ended;
  }
  const last = await runProcess(['recover', at.root]);
  assert.equal((last.result as Recovered).outcome, 'finished');
  assert.deepEqual(snapshot(at.root), fresh);
  assert.deepEqual(readdirSync(join(at.root, '.forge')).sort(), ['.gitignore', 'runs']);
});

test('a folder swapped for a symlink after the crash is not followed, and the link is kept', async (t) => {
  const at = scene(t, { git: false });
  plant(at.root, { 'd/a.txt': 'a', 'b.txt': 'b' });
  const job = await prepareJob(at, [file(at, 'd/a.txt', 'A'), file(at, 'd/new/x.txt', 'x', created)]);
  await runProcess(['write', job], 'merge-committed');
  const outside = join(at.dir, 'outside');
  renameSync(join(at.root, 'd'), outside);
  symlinkSync(outside, join(at.root, 'd'));
  const recovered = await recoverMerge(at.root);
  assert.deepEqual(Object.keys(snapshot(outside)), ['a.txt']);
  assert.equal(readFileSync(join(outside, 'a.txt'), 'utf8'), 'a');
  assert.equal(readFileSync(join(at.root, 'd/a.txt'), 'utf8'), 'A');
  assert.equal(readFileSync(join(at.root, 'd/new/x.txt'), 'utf8'), 'x');
  assert.equal(readlinkSync(recovered!.displaced[0]!.kept), outside);
});

test('a folder on another device: staged beside, killed anywhere, nothing left over', async (t) => {
  if (process.geteuid?.() !== 0) return t.skip('mounting needs root');
  for (const kind of ['tmpfs', 'bind']) {
    for (const fault of [
      'none',
      'merge-staging:2',
      'merge-planned',
      'merge-committed',
      'merge-displaced:1',
      'merge-renamed:2',
      'merge-synced',
    ]) {
      const at = scene(t, { git: false });
      const mounted = join(at.root, 'mounted');
      mkdirSync(mounted);
      mkdirSync(join(at.dir, 'elsewhere'));
      if (kind === 'tmpfs') execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', mounted]);
      else execFileSync('mount', ['--bind', join(at.dir, 'elsewhere'), mounted]);
      try {
        plant(at.root, {
          'mounted/a.txt': 'a',
          'mounted/gone.txt': 'gone',
          'mounted/l': { link: 'a.txt' },
          'b.txt': 'b',
        });
        const old = snapshot(at.root);
        const job = await prepareJob(at, [
          file(at, 'mounted/a.txt', 'A', { mode: 0o755 }),
          file(at, 'mounted/new/deep.txt', 'deep', created),
          { path: 'mounted/gone.txt', kind: 'absent', change: 'deleted', was: 'file' },
          { path: 'mounted/l', kind: 'symlink', change: 'modified', target: 'b' },
          file(at, 'b.txt', 'B'),
        ]);
        await runProcess(['write', job], fault);
        const recovered = await recoverMerge(at.root);
        const where = `${kind} ${fault}`;
        assert.deepEqual(recovered?.displaced ?? [], [], where);
        if (recovered?.outcome === 'undone') assert.deepEqual(snapshot(at.root), old, where);
        else {
          const model = join(at.dir, 'model');
          plant(model, {
            'mounted/a.txt': { text: 'A', mode: 0o755 },
            'mounted/new/deep.txt': 'deep',
            'mounted/l': { link: 'b' },
            'b.txt': 'B',
          });
          const now = snapshot(at.root);
          // The mount point's own mode is the mount's.
          assert.deepEqual({ ...now, mounted: '' }, { ...snapshot(model), mounted: '' }, where);
        }
      } finally {
        execFileSync('umount', [mounted]);
      }
    }
  }
});
