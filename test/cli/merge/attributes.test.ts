import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { Mounts, NEEDS_ROOT } from '../../rig/disk.js';
import { BACKENDS, eventsOf, type Project, project } from '../../rig/project.js';

const PATH = `${process.env.PATH}:/usr/sbin:/sbin`;
const tool = (name: string, args: string[]) =>
  execFileSync(name, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PATH },
  });

/** Why attributes can't be set here, for `skip`; false when they can. */
const MISSING = missing();

function missing(): string | false {
  for (const name of ['setfattr', 'getfattr', 'setfacl', 'getfacl'])
    if (spawnSync(name, ['--version']).error) return `${name} is not installed (apt install acl attr)`;
  const dir = mkdtempSync(join(tmpdir(), 'forge-attributes-'));
  try {
    tool('setfattr', ['-n', 'user.forge', '-v', 'x', dir]);
    tool('setfacl', ['-m', 'u:1:r', dir]);
    return false;
  } catch {
    return 'this file system has no extended attributes or ACLs';
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** The same for capabilities, which root alone can set. */
const NO_CAPABILITIES =
  MISSING ||
  NEEDS_ROOT ||
  (spawnSync('getcap', ['-h'], { env: { ...process.env, PATH } }).error
    ? 'setcap is not installed (apt install libcap2-bin)'
    : false);

const attributes = (here: Project, name: string) =>
  tool('getfattr', ['--absolute-names', '-d', '-m', '^user', here.path(name)]);
const acl = (here: Project, name: string) =>
  tool('getfacl', ['--absolute-names', '-nc', here.path(name)]).trim();
const capabilities = (here: Project, name: string) => tool('getcap', [here.path(name)]).trim();

const PLAN = `
version: 1
tasks:
  a:
    run: echo more >> a.txt; echo more >> tool; echo more >> plain.txt; rm gone.txt; echo n > new.txt; chmod 755 mode.txt
    owns: ['*.txt', tool]
`;
const FILES = {
  'a.txt': 'a\n',
  tool: 'tool\n',
  'plain.txt': 'plain\n',
  'gone.txt': 'gone\n',
  'mode.txt': 'mode\n',
  'forge.plan.yaml': PLAN,
};

for (const backend of BACKENDS) {
  for (const as of [undefined, 1001] as const) {
    const who = as === undefined ? 'root' : 'an ordinary user';
    test(`${backend}, as ${who}: user attributes and ACLs of files that a task changes survive the merge, exactly`, {
      skip: MISSING || (as !== undefined && NEEDS_ROOT),
    }, async (t) => {
      const here = project(t, FILES);
      mkdirSync(here.state);
      if (as !== undefined) {
        execFileSync('chown', ['-R', `${as}:${as}`, dirname(here.dir)]);
        chmodSync(dirname(here.dir), 0o755);
      }
      tool('setfattr', ['-n', 'user.origin', '-v', 'https://example.com/a b', here.path('a.txt')]);
      tool('setfattr', ['-n', 'user.zero', '-v', '0x00ff00', here.path('a.txt')]);
      tool('setfacl', ['-m', 'u:1234:rw,g:77:r', here.path('a.txt')]);
      tool('setfacl', ['-m', 'u:1234:r', here.path('mode.txt')]);
      const before = {
        attributes: attributes(here, 'a.txt'),
        acl: acl(here, 'a.txt'),
        stat: statSync(here.path('a.txt')),
      };
      const result = await here.forge(
        ['apply', '--json', '--backend', backend],
        as === undefined ? {} : { as, env: { HOME: here.state } },
      );
      assert.equal(result.code, 0, result.stdout + result.stderr);
      assert.equal(here.read('a.txt'), 'a\nmore\n');
      assert.equal(attributes(here, 'a.txt'), before.attributes);
      assert.equal(acl(here, 'a.txt'), before.acl);
      const after = statSync(here.path('a.txt'));
      assert.deepEqual(
        [after.mode, after.uid, after.gid],
        [before.stat.mode, before.stat.uid, before.stat.gid],
      );
      assert.match(acl(here, 'mode.txt'), /user:1234:r/);
      assert.equal(attributes(here, 'plain.txt'), '');
      assert.equal(attributes(here, 'new.txt'), '');
      assert.equal(eventsOf(result.events, 'merge.finished')[0]?.reason, undefined, 'nothing was lost');
    });
  }

  test(`${backend}: capabilities of a file survive the merge of root`, {
    skip: NO_CAPABILITIES,
  }, async (t) => {
    const here = project(t, FILES);
    chmodSync(here.path('tool'), 0o4755);
    tool('setcap', ['cap_net_raw+ep', here.path('tool')]);
    const before = capabilities(here, 'tool');
    assert.match(before, /cap_net_raw/);
    const result = await here.forge(['apply', '--backend', backend]);
    assert.equal(result.code, 0, result.stdout + result.stderr);
    assert.equal(here.read('tool'), 'tool\nmore\n');
    assert.equal(capabilities(here, 'tool'), before);
  });
}

test('an ordinary user cannot set capabilities: merged all the same, and told which file lost them', {
  skip: NO_CAPABILITIES,
}, async (t) => {
  const here = project(t, FILES);
  mkdirSync(here.state);
  execFileSync('chown', ['-R', '1001:1001', dirname(here.dir)]);
  chmodSync(dirname(here.dir), 0o755);
  tool('setcap', ['cap_net_raw+ep', here.path('tool')]);
  tool('setfattr', ['-n', 'user.k', '-v', 'v', here.path('plain.txt')]);
  // Not on overlay: in a user namespace the kernel itself refuses to copy a file with capabilities up.
  const result = await here.forge(['apply', '--json', '--backend', 'copy'], {
    as: 1001,
    env: { HOME: here.state },
  });
  assert.equal(result.code, 0, result.stdout + result.stderr);
  assert.equal(here.read('tool'), 'tool\nmore\n');
  assert.match(attributes(here, 'plain.txt'), /user\.k="v"/);
  const reason = eventsOf(result.events, 'merge.finished')[0]?.reason;
  assert.match(reason ?? '', /^tool lost its attribute security\.capability \(Operation not permitted\)$/);
});

test('many files: each keeps its own attribute', { skip: MISSING }, async (t) => {
  const count = 200;
  const names = Array.from({ length: count }, (_, n) => `d${n % 7}/f${n}`);
  const here = project(t, {
    ...Object.fromEntries(names.map((name) => [name, `${name}\n`])),
    'forge.plan.yaml': `version: 1\ntasks:\n  a: { run: 'for f in d*/f*; do echo more >> $f; done', owns: ['d*/**'] }\n`,
  });
  for (const name of names) tool('setfattr', ['-n', 'user.name', '-v', name, here.path(name)]);
  const result = await here.forge(['apply']);
  assert.equal(result.code, 0, result.stdout + result.stderr);
  for (const name of names) {
    assert.equal(here.read(name), `${name}\nmore\n`);
    assert.match(attributes(here, name), new RegExp(`user\\.name="${name}"\n`));
  }
});

test('a folder on another file system: attributes survive there too', {
  skip: MISSING || NEEDS_ROOT,
}, async (t) => {
  const mounts = new Mounts(t);
  const here = project(t, {
    'forge.plan.yaml': `version: 1\ntasks:\n  a: { run: 'echo more >> disk/a.txt', owns: ['disk/**'] }\n`,
  });
  try {
    mounts.tmpfs(here.path('disk'), '4m');
    here.write({ 'disk/a.txt': 'a\n' });
    tool('setfattr', ['-n', 'user.k', '-v', 'v', here.path('disk/a.txt')]);
  } catch {
    return t.skip('tmpfs has no user attributes on this kernel');
  }
  const result = await here.forge(['apply', '--backend', 'copy']);
  assert.equal(result.code, 0, result.stdout + result.stderr);
  assert.equal(here.read('disk/a.txt'), 'a\nmore\n');
  assert.match(attributes(here, 'disk/a.txt'), /user\.k="v"/);
});

test('without GNU cp the merge goes on and says what was not kept', async (t) => {
  const here = project(t, FILES);
  here.write({ '../bin/cp*': '#!/bin/sh\necho "cp: unrecognized option: attributes-only" >&2\nexit 1\n' });
  const env = { PATH: `${join(here.dir, '../bin')}:${process.env.PATH}` };
  const result = await here.forge(['apply', '--json', '--backend', 'overlay'], { env });
  assert.equal(result.code, 0, result.stdout + result.stderr);
  assert.equal(here.read('a.txt'), 'a\nmore\n');
  assert.match(
    eventsOf(result.events, 'merge.finished')[0]?.reason ?? '',
    /not kept, because there is no GNU cp/,
  );
});

test('a merge that replaces no file starts no cp', async (t) => {
  const here = project(t, {
    'forge.plan.yaml': `version: 1\ntasks:\n  a: { run: 'echo n > new', owns: [new] }\n`,
  });
  here.write({ '../bin/cp*': '#!/bin/sh\ntouch "$RAN"\nexit 1\n' });
  const env = { PATH: `${join(here.dir, '../bin')}:${process.env.PATH}`, RAN: join(here.dir, '../ran') };
  const result = await here.forge(['apply', '--json', '--backend', 'overlay'], { env });
  assert.equal(result.code, 0, result.stdout + result.stderr);
  assert.equal(existsSync(env.RAN), false);
  assert.equal(eventsOf(result.events, 'merge.finished')[0]?.reason, undefined);
});

test('hard links: the changed name gets a file of its own, and what the others keep is told', async (t) => {
  const here = project(t, {
    'src/b.txt': 'b\n',
    'src/both.txt': 'both\n',
    'forge.plan.yaml': `version: 1\ntasks:\n  a: { run: 'for f in src/*; do echo more > new; cat $f new > new2; rm new; rm $f; mv new2 $f; done', owns: ['src/**'] }\n`,
  });
  mkdirSync(here.path('lib'));
  linkSync(here.path('src/b.txt'), here.path('lib/hard-of-b.txt'));
  linkSync(here.path('src/both.txt'), here.path('src/same.txt'));
  symlinkSync('b.txt', here.path('lib/soft'));
  const result = await here.forge(['apply', '--json']);
  assert.equal(result.code, 0, result.stdout + result.stderr);
  assert.equal(here.read('src/b.txt'), 'b\nmore\n');
  assert.equal(here.read('lib/hard-of-b.txt'), 'b\n');
  const reason = eventsOf(result.events, 'merge.finished')[0]?.reason ?? '';
  assert.match(reason, /src\/b\.txt had 2 names \(hard links\): the other one keeps the old content/);
  assert.match(
    reason,
    /src\/both\.txt, src\/same\.txt were one file \(hard links\) and are separate files now/,
  );
});

test('hard links: new permissions are of the name that the task owns alone', async (t) => {
  const here = project(t, {
    'src/a.txt': 'a\n',
    'forge.plan.yaml': `version: 1\ntasks:\n  a: { run: 'chmod 600 src/a.txt', owns: ['src/**'] }\n`,
  });
  chmodSync(here.path('src/a.txt'), 0o644);
  const outside = join(here.dir, '../outside');
  linkSync(here.path('src/a.txt'), outside);
  const result = await here.forge(['apply', '--json']);
  assert.equal(result.code, 0, result.stdout + result.stderr);
  const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);
  assert.deepEqual([mode(here.path('src/a.txt')), mode(outside)], ['600', '644']);
  assert.equal(here.read('src/a.txt'), 'a\n');
  assert.match(eventsOf(result.events, 'merge.finished')[0]?.reason ?? '', /had 2 names \(hard links\)/);
});
