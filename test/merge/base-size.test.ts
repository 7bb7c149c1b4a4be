import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { captureBase } from '../../src/merge/index.js';
import { plant, scene } from './trees.js';

const owned = () => true;

test('what would copy much is announced before it is copied: how much, where, and how to stop it', async (t) => {
  const at = scene(t);
  plant(at.root, { 'kept.txt': 'x'.repeat(5000) });
  at.git('add', '-A');
  at.git('commit', '-qm', 'start');
  plant(at.root, { 'a.bin': Buffer.alloc(1500, 1), 'b.bin': Buffer.alloc(2500, 1) });
  const dir = join(at.dir, 'base');
  const told: string[] = [];
  const announce = (text: string) => {
    assert.deepEqual(readdirSync(join(dir, 'copies')), [], 'nothing is copied yet');
    told.push(text);
  };
  await captureBase({ root: at.root, owned, dir, announce, much: 3999 });
  assert.equal(told.length, 1);
  assert.match(told[0]!, /4\.0 kB \(2 files\)/);
  assert.ok(told[0]!.includes(at.root));
  assert.match(told[0]!, /Ctrl-C/);
  assert.equal(readdirSync(join(dir, 'copies')).length, 2);
  await captureBase({ root: at.root, owned, dir: join(at.dir, 'again'), announce, much: 4000 });
  assert.equal(told.length, 1, 'what git keeps does not count');
});

test('it obeys a signal: before it looks, and between files', async (t) => {
  const at = scene(t, { git: false });
  const files = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`f${n}`, `content ${n}`]));
  plant(at.root, files);
  const reason = new Error('stopped by the test');
  const early = AbortSignal.abort(reason);
  await assert.rejects(
    captureBase({ root: at.root, owned, dir: join(at.dir, 'early'), signal: early }),
    reason,
  );

  const stop = new AbortController();
  const dir = join(at.dir, 'base');
  const announce = () => stop.abort(reason);
  await assert.rejects(
    captureBase({ root: at.root, owned, dir, announce, much: 0, signal: stop.signal }),
    reason,
  );
  assert.deepEqual(readdirSync(join(dir, 'copies')), []);
  assert.equal(existsSync(join(dir, 'base.json')), false);
  assert.deepEqual(
    readdirSync(join(at.root, '.forge')).filter((name) => name.startsWith('marker')),
    [],
  );
});

test('it obeys a signal within a large file, and leaves no part of it', async (t) => {
  const at = scene(t, { git: false });
  plant(at.root, { big: Buffer.alloc(32 << 20, 1) });
  const clone = spawnSync('cp', ['--reflink=always', join(at.root, 'big'), join(at.dir, 'clone')]);
  if (clone.status === 0) return t.skip('this file system shares blocks: there is nothing to stop');
  const stop = new AbortController();
  const reason = new Error('stopped by the test');
  const dir = join(at.dir, 'base');
  const copy = join(dir, 'copies', '0');
  const real = stop.signal.throwIfAborted.bind(stop.signal);
  // As if Ctrl-C came when the copy has begun.
  t.mock.method(stop.signal, 'throwIfAborted', () => {
    if (existsSync(copy)) stop.abort(reason);
    real();
  });
  await assert.rejects(captureBase({ root: at.root, owned, dir, signal: stop.signal }), reason);
  assert.deepEqual(readdirSync(join(dir, 'copies')), []);
});
