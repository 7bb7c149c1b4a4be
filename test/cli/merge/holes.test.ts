import assert from 'node:assert/strict';
import { closeSync, ftruncateSync, openSync, statSync, writeSync } from 'node:fs';
import { test } from 'node:test';
import { hashFile } from '../../../src/util/files/content.js';
import { BACKENDS, project } from '../../rig/project.js';

const SIZE = 50 << 20;

/** 50 MB of nothing but a few bytes. */
function plantSparse(path: string, bytes: Record<number, string>): void {
  const fd = openSync(path, 'w');
  ftruncateSync(fd, SIZE);
  for (const [at, text] of Object.entries(bytes)) writeSync(fd, text, Number(at));
  closeSync(fd);
}

const allocated = (path: string) => statSync(path).blocks * 512;

for (const backend of BACKENDS) {
  test(`${backend}: a file of holes that a task changes, and one that it makes, are merged as files of holes`, async (t) => {
    const here = project(t, {
      'forge.plan.yaml': `
version: 1
tasks:
  a:
    run: |
      printf changed | dd of=disk.img bs=1 seek=30000000 conv=notrunc status=none
      truncate -s ${SIZE} fresh.img
      printf made | dd of=fresh.img bs=1 seek=40000000 conv=notrunc status=none
    owns: ['*.img']
gates: [{ name: holes, run: 'test "$(stat -c %s disk.img)" = ${SIZE}' }]
`,
    });
    plantSparse(here.path('disk.img'), { 1000: 'first' });
    if (allocated(here.path('disk.img')) >= SIZE) return t.skip('this file system has no holes');
    const result = await here.forge(['apply', '--backend', backend]);
    assert.equal(result.code, 0, result.stdout + result.stderr);
    plantSparse(here.path('expected'), { 1000: 'first', 30000000: 'changed' });
    assert.equal(await hashFile(here.path('disk.img')), await hashFile(here.path('expected')));
    plantSparse(here.path('expected'), { 40000000: 'made' });
    assert.equal(await hashFile(here.path('fresh.img')), await hashFile(here.path('expected')));
    for (const name of ['disk.img', 'fresh.img'])
      assert.ok(allocated(here.path(name)) < 1 << 20, `${name}: ${allocated(here.path(name))} bytes`);
    const kept = here.path(`.forge/runs/${here.run()}/base/copies/0`);
    assert.ok(allocated(kept) < 1 << 20, 'the copy of how it was at the start');
  });
}
