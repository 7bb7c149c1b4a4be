import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { NotAFolderError, openFolder } from '../../src/merge/transaction/folder.js';
import { plant, scene } from './trees.js';

test('a symlink or a file on the way to a folder is refused, a missing folder is ENOENT', async (t) => {
  const at = scene(t, { git: false });
  plant(at.root, { 'real/deep/x': 'x', file: 'f', link: { link: 'real' }, 'real/loop': { link: 'loop' } });
  for (const path of ['link', 'link/deep', 'file', 'file/x', 'real/loop']) {
    await assert.rejects(openFolder(at.root, path), NotAFolderError, path);
  }
  await assert.rejects(openFolder(at.root, 'missing/deep'), { code: 'ENOENT' });
  await (await openFolder(at.root, 'real/deep')).close();
});

test('what is done in an open folder happens there, wherever its path leads by then', async (t) => {
  if (process.platform !== 'linux') return t.skip('needs /proc/self/fd');
  const at = scene(t, { git: false });
  plant(at.root, { 'd/\udcff/x': 'x' });
  mkdirSync(join(at.dir, 'outside'));
  const folder = await openFolder(at.root, 'd/\udcff');
  renameSync(join(at.root, 'd'), join(at.root, 'moved'));
  symlinkSync(join(at.dir, 'outside'), join(at.root, 'd'));
  writeFileSync(folder.at('new'), 'new');
  await folder.sync();
  await folder.close();
  assert.deepEqual(readdirSync(join(at.dir, 'outside')), []);
});
