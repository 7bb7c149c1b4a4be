import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { MergeError, resolveMerge, TreeChangedError, writeMerge } from '../../src/merge/index.js';
import { everything } from './everything.js';
import { capture, created, file, gone, merge, plant, scene, snapshot } from './trees.js';

for (const git of [true, false]) {
  test(`every kind of change lands byte-exactly ${git ? 'in a repository' : 'without git'}`, async (t) => {
    const at = scene(t, { git });
    const { entries, expected } = everything(at);
    const base = await capture(at);
    const { merged } = await merge(at, base, entries);
    const model = join(at.dir, 'model');
    mkdirSync(model);
    plant(model, expected);
    assert.deepEqual(snapshot(at.root), snapshot(model));
    assert.deepEqual(merged!.displaced, []);
    assert.equal(existsSync(join(at.root, '.forge/merging')), false);
    assert.deepEqual(readdirSync(join(at.root, '.forge')).sort(), ['.gitignore', 'runs']);
  });
}

test('merging the same changes again finds nothing to do', async (t) => {
  const at = scene(t);
  const { entries } = everything(at);
  const base = await capture(at);
  await merge(at, base, entries);
  const { resolution } = await merge(at, base, entries);
  assert.deepEqual(resolution.ok && resolution.writes, []);
});

test('root keeps the owner of a file that is replaced', async (t) => {
  if (process.geteuid?.() !== 0) return t.skip('needs root');
  const at = scene(t);
  plant(at.root, { 'a.txt': 'a' });
  chownSync(join(at.root, 'a.txt'), 1234, 2345);
  const base = await capture(at);
  await merge(at, base, [file(at, 'a.txt', 'b')]);
  const stat = statSync(join(at.root, 'a.txt'));
  assert.deepEqual([stat.uid, stat.gid], [1234, 2345]);
});

test('an edit between comparing and writing refuses the merge and touches nothing', async (t) => {
  const at = scene(t);
  plant(at.root, { 'a.txt': 'a\n', 'b.txt': 'b\n' });
  const base = await capture(at);
  const entries = [file(at, 'a.txt', 'A\n'), file(at, 'b.txt', 'B\n')];
  const resolution = await resolveMerge({ root: at.root, base, entries, into: join(at.dir, 'into') });
  assert.ok(resolution.ok);
  writeFileSync(join(at.root, 'b.txt'), 'user\n');
  const before = snapshot(at.root);
  const runDir = join(at.root, '.forge/runs/r');
  mkdirSync(runDir, { recursive: true });
  await assert.rejects(
    writeMerge({ root: at.root, runId: 'r', writes: resolution.writes }),
    (error: unknown) => error instanceof TreeChangedError && error.paths[0] === 'b.txt',
  );
  assert.deepEqual(snapshot(at.root), before);
  assert.deepEqual(readdirSync(runDir), []);
  assert.equal(existsSync(join(at.root, '.forge/merging')), false);
});

test('a folder swapped for a symlink between comparing and writing is not followed', async (t) => {
  const at = scene(t);
  plant(at.root, { 'src/a.txt': 'a\n' });
  const outside = join(at.dir, 'outside');
  mkdirSync(outside);
  const base = await capture(at);
  const entries = [file(at, 'src/new.txt', 'new', created)];
  const resolution = await resolveMerge({ root: at.root, base, entries, into: join(at.dir, 'into') });
  assert.ok(resolution.ok);
  renameSync(join(at.root, 'src'), join(at.root, 'moved'));
  symlinkSync(outside, join(at.root, 'src'));
  const runDir = join(at.root, '.forge/runs/r');
  mkdirSync(runDir, { recursive: true });
  await assert.rejects(
    writeMerge({ root: at.root, runId: 'r', writes: resolution.writes }),
    /"src" is now a symlink/,
  );
  assert.deepEqual(readdirSync(outside), []);
});

test('damaged content is noticed before anything is written', async (t) => {
  const at = scene(t);
  plant(at.root, { 'a.txt': 'a\n', 'b.txt': 'b\n' });
  const base = await capture(at);
  const bad = file(at, 'b.txt', 'B\n');
  writeFileSync(bad.blob, 'X\n');
  const before = snapshot(at.root);
  await assert.rejects(merge(at, base, [file(at, 'a.txt', 'A\n'), bad]), (error: unknown) => {
    assert.ok(error instanceof MergeError);
    assert.match(error.message, /"b\.txt" is damaged.*was not touched/);
    return true;
  });
  assert.deepEqual(snapshot(at.root), before);
});

test('what was replaced stays in the run folder', async (t) => {
  const at = scene(t);
  plant(at.root, { 'a.txt': 'precious\n' });
  const base = await capture(at);
  await merge(at, base, [file(at, 'a.txt', 'A\n')]);
  const [run] = readdirSync(join(at.root, '.forge/runs'));
  assert.equal(readFileSync(join(at.root, '.forge/runs', run!, 'merge/old/0'), 'utf8'), 'precious\n');
});

test('paths that lead out of root or into .git and .forge are refused', async (t) => {
  const at = scene(t);
  const base = await capture(at);
  for (const path of [
    '../x',
    '/etc/x',
    'a/../../x',
    '.git/hooks/x',
    'sub/.GIT/config',
    '.forge/x',
    'sub/.forge/merging',
    'sub/.FORGE',
    'a//b',
    '',
  ]) {
    await assert.rejects(merge(at, base, [file(at, path, 'x', created)]), /never writes/, path);
  }
});

test('a parent folder that the user deleted is made again', async (t) => {
  const at = scene(t);
  plant(at.root, { 'deep/er/a.txt': 'a' });
  const base = await capture(at);
  rmSync(join(at.root, 'deep'), { recursive: true });
  await merge(at, base, [file(at, 'deep/er/new.txt', 'new', created)]);
  assert.equal(readFileSync(join(at.root, 'deep/er/new.txt'), 'utf8'), 'new');
});

test('a folder that holds something of the user is not deleted', async (t) => {
  const at = scene(t);
  plant(at.root, { 'dir/a.txt': 'a' });
  const base = await capture(at);
  plant(at.root, { 'dir/mine.txt': 'mine' });
  await merge(at, base, [gone('dir/a.txt'), gone('dir', 'directory')]);
  assert.deepEqual(Object.keys(snapshot(at.root)), ['dir', 'dir/mine.txt']);
});

test('modes of folders are merged', async (t) => {
  const at = scene(t);
  plant(at.root, { 'dir/a.txt': 'a' });
  chmodSync(join(at.root, 'dir'), 0o755);
  const base = await capture(at);
  await merge(at, base, [{ path: 'dir', kind: 'directory', change: 'mode', mode: 0o700 }]);
  assert.equal(statSync(join(at.root, 'dir')).mode & 0o777, 0o700);
});
