import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Base, loadBase } from '../../src/merge/index.js';
import { capture, plant, runGit, type Scene, scene } from './trees.js';

async function text(base: Base, path: string): Promise<string | undefined> {
  const at = await base.content(path);
  return at === undefined ? undefined : readFileSync(at, 'utf8');
}

test('the content at the start can be had after every kind of edit, also by a later process', async (t) => {
  const at = scene(t);
  plant(at.root, {
    'clean.txt': 'clean',
    'dirty.txt': 'committed',
    'staged.txt': 'committed',
    'hidden.txt': 'committed',
  });
  at.git('add', '-A');
  at.git('commit', '-q', '-m', 'start');
  plant(at.root, {
    'dirty.txt': 'dirty',
    'staged.txt': 'staged',
    'hidden.txt': 'hidden',
    'untracked.txt': 'untracked',
    l: { link: 'x' },
  });
  at.git('add', 'staged.txt');
  plant(at.root, { 'staged.txt': 'staged and edited' });
  // git believes this one to be unchanged.
  at.git('update-index', '--assume-unchanged', 'hidden.txt');
  await capture(at);
  const copies = readdirSync(join(at.dir, 'base/copies'));
  assert.equal(copies.length, 4, 'all but clean.txt and the link');
  for (const name of ['clean', 'dirty', 'staged', 'hidden', 'untracked'])
    writeFileSync(join(at.root, `${name}.txt`), 'user');
  const base = await loadBase(join(at.dir, 'base'));
  assert.equal(await text(base, 'clean.txt'), 'clean');
  assert.equal(await text(base, 'dirty.txt'), 'dirty');
  assert.equal(await text(base, 'staged.txt'), 'staged and edited');
  assert.equal(await text(base, 'hidden.txt'), 'hidden');
  assert.equal(await text(base, 'untracked.txt'), 'untracked');
  assert.deepEqual(await base.lookup('l'), { kind: 'symlink', target: 'x' });
  const hash = createHash('sha256').update('clean').digest('hex');
  assert.deepEqual(await base.lookup('clean.txt'), { kind: 'file', mode: 0o644, content: { hash } });
});

test('what is not owned is not kept, and not taken for missing', async (t) => {
  const at = scene(t);
  plant(at.root, { 'src/a.txt': 'a', 'src/b.txt': 'b', 'other/c.txt': 'c', 'other/d.txt': 'd' });
  const base = await capture(at, (path) => path.startsWith('src/'));
  assert.deepEqual(readdirSync(join(at.dir, 'base/copies')).length, 2);
  assert.equal(await text(base, 'other/c.txt'), 'c', 'unchanged since: root has it');
  writeFileSync(join(at.root, 'other/c.txt'), 'user');
  assert.equal(await base.lookup('other/c.txt'), undefined);
  assert.equal(await text(base, 'other/c.txt'), undefined);
  rmSync(join(at.root, 'other/d.txt'));
  assert.equal(await base.lookup('other/d.txt'), undefined);
  writeFileSync(join(at.root, 'src/new.txt'), 'user');
  assert.deepEqual(await base.lookup('src/new.txt'), { kind: 'absent' });
  const later = await loadBase(join(at.dir, 'base'));
  assert.equal(await later.lookup('src/new.txt'), undefined, 'without knowing what is owned');
});

test('ignored files: known by their ctime as long as nothing happened to them', async (t) => {
  const at = scene(t);
  plant(at.root, { '.gitignore': 'out/\n', 'out/a': 'a', 'out/b': 'b', 'out/deep/c': 'c' });
  const base = await capture(at);
  assert.equal((await base.lookup('out/a'))?.kind, 'file');
  writeFileSync(join(at.root, 'out/a'), 'user');
  assert.equal(await base.lookup('out/a'), undefined);
  assert.equal((await base.lookup('out/b'))?.kind, 'file', 'its folder did not change');
  assert.deepEqual(
    await base.lookup('out/nothing'),
    { kind: 'absent' },
    'nothing was removed from its folder',
  );
  renameSync(join(at.root, 'out/deep'), join(at.root, 'out/moved'));
  assert.equal(await base.lookup('out/moved/c'), undefined, 'old files under a new name');
});

test('root in a subfolder, in a nested repository, in an ignored folder', async (t) => {
  const at = scene(t);
  plant(at.root, { '.gitignore': 'ig/\n', 'sub/a.txt': 'a', 'sub/out.log': 'x', 'ig/proj/b.txt': 'b' });
  at.git('add', '-A');
  at.git('commit', '-q', '-m', 'start');
  mkdirSync(join(at.root, 'sub/nested'));
  runGit(join(at.root, 'sub/nested'), 'init', '-q');
  plant(at.root, { 'sub/nested/n.txt': 'n', 'sub/new.txt': 'new' });
  for (const [folder, paths] of [
    ['sub', ['a.txt', 'nested/n.txt', 'new.txt']],
    ['ig/proj', ['b.txt']],
  ] as const) {
    const root = join(at.root, folder);
    const inner: Scene = { ...at, root, dir: join(at.dir, folder.replace('/', '-')) };
    const base = await capture(inner);
    for (const path of paths) {
      const content = readFileSync(join(root, path), 'utf8');
      writeFileSync(join(root, path), 'user');
      assert.equal(await text(base, path), content, path);
    }
  }
});

test('content that git converts is copied, not taken from its blob', async (t) => {
  const at = scene(t);
  plant(at.root, { '.gitattributes': '*.txt text eol=crlf\n', 'a.txt': 'a\r\n', 'b.bin': 'b\r\n' });
  at.git('add', '-A');
  at.git('commit', '-q', '-m', 'start');
  const base = await capture(at);
  assert.equal(base.blob('a.txt'), undefined);
  assert.notEqual(base.blob('b.bin'), undefined);
  writeFileSync(join(at.root, 'a.txt'), 'user');
  assert.equal(await text(base, 'a.txt'), 'a\r\n');
});

test('a damaged copy is not used, a damaged record says so', async (t) => {
  const at = scene(t, { git: false });
  plant(at.root, { 'a.txt': 'start' });
  const base = await capture(at, (path) => path === 'a.txt');
  const [copy] = readdirSync(join(at.dir, 'base/copies'));
  writeFileSync(join(at.dir, 'base/copies', copy!), 'XXXXX');
  writeFileSync(join(at.root, 'a.txt'), 'user');
  assert.equal(await base.content('a.txt'), undefined);
  writeFileSync(join(at.dir, 'base/base.json'), '{"v":1');
  await assert.rejects(loadBase(join(at.dir, 'base')), /missing or damaged/);
});
