import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { MergeError, recoverMerge, resolveMerge, writeMerge } from '../../src/merge/index.js';
import type { ComposedEntry } from '../../src/workspace/index.js';
import { runProcess } from './crash.js';
import { capture, created, file, gone, merge, plant, type Scene, scene, snapshot } from './trees.js';

const asRoot = process.geteuid?.() === 0;

/** A scene whose root is a file system of its own. */
function mounted(t: TestContext, size: string): Scene {
  const at = scene(t, { git: false });
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', at.root]);
  at.undo.push(() => execFileSync('umount', [at.root]));
  mkdirSync(join(at.root, '.forge'));
  return at;
}

/** The merge fails with such a message, and leaves the tree and `.forge` as they were. */
async function failsUntouched(at: Scene, work: () => Promise<unknown>, message: RegExp): Promise<void> {
  const before = snapshot(at.root);
  await assert.rejects(work, (error: unknown) => {
    assert.ok(error instanceof MergeError, String(error));
    assert.match(error.message, message);
    assert.match(error.message, /not touch/);
    return true;
  });
  assert.deepEqual(snapshot(at.root), before);
  assert.equal(existsSync(join(at.root, '.forge/merging')), false);
  assert.equal(await recoverMerge(at.root), null);
}

test('a full disk: nothing is touched, the message says which path and what to do, and it works with more room', async (t) => {
  if (!asRoot) return t.skip('mounting needs root');
  const at = mounted(t, '1m');
  plant(at.root, { 'a.txt': 'a', 'big.bin': Buffer.alloc(400_000, 1) });
  const base = await capture(at);
  const entries = [file(at, 'a.txt', 'A'), file(at, 'big.bin', Buffer.alloc(900_000, 2))];
  await failsUntouched(at, () => merge(at, base, entries), /"big\.bin": the disk is full.*ENOSPC/);
  execFileSync('mount', ['-o', 'remount,size=4m', at.root]);
  const { merged } = await merge(at, base, entries);
  assert.equal(merged?.paths.length, 2);
});

test('a disk without a single free inode: nothing is touched', async (t) => {
  if (!asRoot) return t.skip('mounting needs root');
  const at = mounted(t, '4m,nr_inodes=40');
  plant(at.root, { 'a.txt': 'a' });
  const base = await capture(at);
  const entries = Array.from({ length: 60 }, (_, i) => file(at, `new/${i}.txt`, 'x', created));
  await failsUntouched(at, () => merge(at, base, [file(at, 'a.txt', 'A'), ...entries]), /the disk is full/);
});

test('a read-only file system: nothing is touched', async (t) => {
  if (!asRoot) return t.skip('mounting needs root');
  const at = mounted(t, '1m');
  plant(at.root, { 'a.txt': 'a' });
  const base = await capture(at);
  const entries = [file(at, 'a.txt', 'A')];
  const into = join(at.dir, 'into');
  const resolution = await resolveMerge({ root: at.root, base, entries, into });
  assert.ok(resolution.ok);
  mkdirSync(join(at.root, '.forge/runs/r'), { recursive: true });
  execFileSync('mount', ['-o', 'remount,ro', at.root]);
  await failsUntouched(
    at,
    () => writeMerge({ root: at.root, runId: 'r', writes: resolution.writes }),
    /read-only/,
  );
});

test('a read-only folder mounted inside the tree: nothing is touched', async (t) => {
  if (!asRoot) return t.skip('mounting needs root');
  const at = scene(t, { git: false });
  mkdirSync(join(at.root, 'ro'));
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', join(at.root, 'ro')]);
  at.undo.push(() => execFileSync('umount', [join(at.root, 'ro')]));
  plant(at.root, { 'a.txt': 'a', 'ro/b.txt': 'b' });
  execFileSync('mount', ['-o', 'remount,ro', join(at.root, 'ro')]);
  const base = await capture(at);
  const entries = [file(at, 'a.txt', 'A'), file(at, 'ro/b.txt', 'B')];
  await failsUntouched(at, () => merge(at, base, entries), /"ro\/b\.txt": the file system is read-only/);
});

test('a mount point is not replaced', async (t) => {
  if (!asRoot) return t.skip('mounting needs root');
  const at = scene(t, { git: false });
  plant(at.root, { 'a.txt': 'a' });
  mkdirSync(join(at.root, 'vol'));
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', join(at.root, 'vol')]);
  at.undo.push(() => execFileSync('umount', [join(at.root, 'vol')]));
  const base = await capture(at);
  await failsUntouched(
    at,
    () => merge(at, base, [file(at, 'a.txt', 'A'), file(at, 'vol', 'file')]),
    /"vol" is a mount point/,
  );
});

test('an immutable file: nothing is touched', async (t) => {
  if (!asRoot) return t.skip('chattr needs root');
  const at = scene(t, { git: false });
  plant(at.root, { 'a.txt': 'a', 'fixed.txt': 'fixed' });
  const fixed = join(at.root, 'fixed.txt');
  try {
    execFileSync('chattr', ['+i', fixed], { stdio: 'pipe' });
  } catch (error) {
    return t.skip(`chattr +i does not work here: ${(error as Error).message}`);
  }
  at.undo.push(() => execFileSync('chattr', ['-i', fixed]));
  const base = await capture(at);
  await failsUntouched(
    at,
    () => merge(at, base, [file(at, 'a.txt', 'A'), file(at, 'fixed.txt', 'FIXED')]),
    /"fixed\.txt".*immutable/,
  );
});

test('a folder that this user may not write: nothing is touched', async (t) => {
  if (!asRoot) return t.skip('becoming another user needs root');
  const at = scene(t, { git: false });
  plant(at.root, { 'a.txt': 'a', 'closed/b.txt': 'b' });
  const runDir = join(at.root, '.forge/runs/r');
  mkdirSync(runDir, { recursive: true });
  // Everything but `closed` belongs to nobody (65534).
  const theirs = ['', '.forge', '.forge/runs', '.forge/runs/r', 'a.txt'];
  for (const path of [at.dir, ...theirs.map((p) => join(at.root, p))]) chownSync(path, 65534, 65534);
  const base = await capture(at);
  const entries = [file(at, 'a.txt', 'A'), file(at, 'closed/b.txt', 'B'), gone('closed/c.txt')];
  const resolution = await resolveMerge({ root: at.root, base, entries, into: join(at.dir, 'into') });
  assert.ok(resolution.ok);
  const job = join(at.dir, 'job.json');
  writeFileSync(job, JSON.stringify({ root: at.root, runId: 'r', writes: resolution.writes }));
  const before = snapshot(at.root);
  const { code, result } = await runProcess(['write', job], undefined, 65534);
  assert.equal(code, 1);
  assert.match((result as { error: string }).error, /"closed\/b\.txt": permission denied.*not touch/);
  assert.deepEqual(snapshot(at.root), before);
  assert.deepEqual(readdirSync(runDir), []);
  chownSync(join(at.root, 'closed'), 65534, 65534);
  const again = await runProcess(['write', job], undefined, 65534);
  assert.equal(again.code, 0, JSON.stringify(again.result));
});

test('a disk that is full only after the commit point: the next forge command finishes the merge', async (t) => {
  if (!asRoot) return t.skip('mounting needs root');
  const at = mounted(t, '4m,nr_inodes=40');
  plant(at.root, { 'a.txt': 'a' });
  const base = await capture(at);
  const folders = Array.from(
    { length: 60 },
    (_, i): ComposedEntry => ({
      path: `new${i}`,
      kind: 'directory',
      change: 'created',
      mode: 0o755,
    }),
  );
  await assert.rejects(
    merge(at, base, [file(at, 'a.txt', 'A'), ...folders]),
    /the disk is full.*the next forge command finishes it/,
  );
  await assert.rejects(recoverMerge(at.root), /the disk is full.*the next forge command finishes it/);
  execFileSync('mount', ['-o', 'remount,nr_inodes=400', at.root]);
  assert.equal((await recoverMerge(at.root))?.outcome, 'finished');
  assert.equal(Object.keys(snapshot(at.root)).length, 61);
  assert.equal(readFileSync(join(at.root, 'a.txt'), 'utf8'), 'A');
});
