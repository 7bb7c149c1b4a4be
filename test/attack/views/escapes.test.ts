import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { BACKENDS, eventsOf, project } from '../../rig/project.js';
import { snapshot } from '../../workspace/snapshot.js';
import { ESCAPES, LIBRARY } from './escapes.js';

const USER = 12_345;
const isRoot = process.getuid?.() === 0;
const USERS = isRoot ? [0, USER] : [process.getuid?.() ?? USER];

for (const uid of USERS) {
  for (const backend of BACKENDS) {
    test(`escapes ${uid === 0 ? 'as real root' : 'as an ordinary user'} on ${backend}`, async (t) => {
      const ids = Object.keys(ESCAPES);
      const here = project(t, {
        'own/start.txt': 'start\n',
        ...Object.fromEntries(ids.map((id) => [`victim/${id}.txt`, 'mine\n'])),
      });
      const top = dirname(here.dir);
      const out = join(top, 'out');
      mkdirSync(out);
      mkdirSync(here.state);
      writeFileSync(join(out, 'lib.sh'), LIBRARY);
      symlinkSync(here.dir, join(out, 'to-root'));
      const disk = uid === 0 ? loopDevice(t, join(top, 'disk.img')) : '';
      const tasks = Object.fromEntries(
        ids.map((id) => [
          id,
          { run: `. "$OUT/lib.sh"\n${ESCAPES[id]}`, owns: [`own/${id}`], timeout: '120s' },
        ]),
      );
      const sibling = {
        run: 'touch "$OUT/sibling-ready"; until [ -e "$OUT/attacked" ]; do sleep 0.1; done; echo mine >own/sibling.txt',
        owns: ['own/sibling.txt'],
        timeout: '120s',
      };
      here.write({
        'forge.plan.yaml': JSON.stringify({
          version: 1,
          concurrency: 4,
          env: { R: here.dir, OUT: out, STATE: here.state, DISK: disk },
          tasks: { sibling, ...tasks },
        }),
      });
      if (isRoot && uid !== 0) execFileSync('chown', ['-hR', `${uid}:${uid}`, top]);
      chmodSync(top, 0o755);

      const real = () => snapshot(here.dir, { without: ['.forge'], times: true });
      const before = real();
      const result = await here.forge(['apply', '--yes', '--json', '-k', '--backend', backend], {
        ...(isRoot && uid !== 0 && { as: uid }),
        env: { HOME: here.state },
      });
      const finished = new Map(eventsOf(result.events, 'task.finished').map((event) => [event.task, event]));
      for (const id of ids) {
        await t.test(id, () => {
          const end = finished.get(id);
          assert.ok(end, `it did not run: ${result.stderr}`);
          assert.ok(existsSync(join(out, `ran-${id}`)), 'it was not tried');
          assert.doesNotMatch(end.reason ?? '', /took longer than|interrupted/);
          assert.equal(here.read(`victim/${id}.txt`), 'mine\n', 'it wrote into the real tree');
          assert.equal(existsSync(here.path(`.git/hooks/${id}`)), false, 'it wrote into the real .git');
          const opened = join(out, `opened-${id}`);
          assert.equal(existsSync(opened) ? readFileSync(opened, 'utf8') : '', '', 'a door was open');
          if (id !== 'sibling-upper') return;
          const other = finished.get('sibling');
          assert.deepEqual([other?.state, other?.changes], ['succeeded', 1], other?.reason);
        });
      }
      assert.deepEqual(real(), before, 'something in the real tree or its .git was changed');
      for (const name of ['.forge/merging', '.forge/PWNED', '.forge/runs/x'])
        assert.equal(existsSync(here.path(name)), false, name);
      assert.deepEqual(here.scratch(), []);
    });
  }
}

/** A disk of the machine's, with something on it. */
function loopDevice(t: { after: (done: () => void) => void }, image: string): string {
  writeFileSync(image, Buffer.alloc(1 << 20, 'what is on the disk '));
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
  const device = execFileSync('losetup', ['--find', '--show', image], { encoding: 'utf8', env }).trim();
  t.after(() => execFileSync('losetup', ['--detach', device], { env }));
  assert.match(readFileSync(device).subarray(0, 20).toString(), /what is on the disk/);
  return device;
}
