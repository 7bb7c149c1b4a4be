import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  existsSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { copyFile } from '../../src/util/files/content.js';

function folder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'forge-copy-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** A file of holes with bytes at some places. */
function sparse(path: string, size: number, places: number[]): void {
  const fd = openSync(path, 'w');
  ftruncateSync(fd, size);
  for (const at of places) writeSync(fd, `bytes at ${at}`, at);
  closeSync(fd);
}

const allocated = (path: string) => statSync(path).blocks * 512;

test('holes stay holes: at the start, in the middle and at the end; bytes and mode are the same', async (t) => {
  const dir = folder(t);
  const from = join(dir, 'from');
  for (const [size, places] of [
    [50 << 20, [20 << 20]],
    [(9 << 20) + 17, [0, (9 << 20) + 5]],
    [(1 << 20) + 1, [(1 << 20) - 4]],
    [3 << 20, []],
    [200_000, [65_530, 131_072]],
  ] as const) {
    sparse(from, size, [...places]);
    if (allocated(from) >= size) return t.skip('this file system has no holes');
    chmodSync(from, 0o640);
    const to = join(dir, `to-${size}`);
    await copyFile(from, to);
    assert.ok(readFileSync(to).equals(readFileSync(from)), `${size}`);
    assert.equal(statSync(to).mode, statSync(from).mode);
    assert.ok(allocated(to) <= allocated(from) + 4 * 65_536, `${allocated(to)} blocks of ${size}`);
  }
});

test('a longer file that was there is overwritten to its end; `exclusive` refuses', async (t) => {
  const dir = folder(t);
  const [from, to] = [join(dir, 'from'), join(dir, 'to')];
  sparse(from, 2 << 20, [100]);
  writeFileSync(to, Buffer.alloc(3 << 20, 1));
  await assert.rejects(copyFile(from, to, { exclusive: true }), { code: 'EEXIST' });
  assert.equal(statSync(to).size, 3 << 20);
  await copyFile(from, to);
  assert.ok(readFileSync(to).equals(readFileSync(from)));
  writeFileSync(from, 'small');
  await assert.rejects(copyFile(from, to, { exclusive: true }), { code: 'EEXIST' });
  await copyFile(from, to);
  assert.equal(readFileSync(to, 'utf8'), 'small');
});

test('a signal stops the copy of a large file in its midst and nothing is left of it', async (t) => {
  const dir = folder(t);
  const [from, to] = [join(dir, 'from'), join(dir, 'to')];
  writeFileSync(from, Buffer.alloc(16 << 20, 1));
  try {
    execFileSync('cp', ['--reflink=always', from, `${from}-clone`], { stdio: 'ignore' });
    return t.skip('this file system shares blocks: there is nothing to stop');
  } catch {}
  const stop = new AbortController();
  const reason = new Error('stopped');
  let looks = 0;
  // Asked before each step: the third time somebody has pressed Ctrl-C.
  t.mock.method(stop.signal, 'throwIfAborted', () => {
    looks += 1;
    if (looks < 4) return;
    assert.ok(existsSync(to), 'it had begun');
    throw reason;
  });
  await assert.rejects(copyFile(from, to, { signal: stop.signal }), reason);
  assert.equal(existsSync(to), false);
});

test('what is not there, and what can’t be read, is said as by the system', async (t) => {
  const dir = folder(t);
  await assert.rejects(copyFile(join(dir, 'none'), join(dir, 'to')), { code: 'ENOENT' });
  writeFileSync(join(dir, 'from'), 'x');
  await assert.rejects(copyFile(join(dir, 'from'), join(dir, 'none', 'to')), { code: 'ENOENT' });
});
