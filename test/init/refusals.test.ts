import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { environment, FORGE, type Project, project } from '../rig/project.js';

const root = process.getuid?.() === 0;

async function isRefused(here: Project, message: RegExp, args: string[] = ['init']): Promise<void> {
  const before = here.tree();
  const result = await here.forge(args);
  assert.equal(result.code, 1, result.stdout + result.stderr);
  assert.match(result.stderr, message);
  assert.match(result.stderr, /^forge: /, 'an error for people, without a stack');
  assert.deepEqual(here.tree(), before, 'nothing half done');
}

test('.factory that is a file', async (t) => {
  const here = project(t, { '.factory': 'hello\n' });
  await isRefused(here, /\.factory is a file, not a folder/);
  await isRefused(here, /\.factory is a file, not a folder/, ['init', '--remove']);
});

test('.factory/droids that is a file', async (t) => {
  await isRefused(project(t, { '.factory/droids': 'hello\n' }), /droids is a file, not a folder/);
});

test('.factory that is a symbolic link out of the project, or to nothing', async (t) => {
  const outside = project(t);
  const here = project(t);
  symlinkSync(outside.dir, here.path('.factory'));
  await isRefused(here, /\.factory is a symbolic link that leads to .*, which is no folder of this project/);
  assert.deepEqual(outside.tree(), {});
  const nowhere = project(t);
  symlinkSync('gone', nowhere.path('.factory'));
  await isRefused(nowhere, /\.factory is a symbolic link that leads to nothing/);
});

test('.factory that is a symbolic link inside the project is followed', async (t) => {
  const here = project(t, { 'tools/factory/x.txt': '' });
  symlinkSync('tools/factory', here.path('.factory'));
  const before = here.tree();
  assert.equal((await here.forge(['init'])).code, 0);
  assert.ok(here.read('tools/factory/droids/df-backend.md'));
  assert.equal((await here.forge(['init', '--remove'])).code, 0);
  assert.deepEqual(here.tree(), before);
});

test('a folder that may not be written', async (t) => {
  const here = project(t, { 'go.mod': 'module x\n', '.factory/droids/mine.md': '' });
  // Root may write anywhere, so forge runs as somebody else; the tree is theirs but for one folder.
  const top = join(here.dir, '..');
  chmodSync(top, 0o755);
  if (root) for (const name of ['', '.factory', 'go.mod']) chownSync(here.path(name), 65534, 65534);
  const before = here.tree();
  chmodSync(here.path('.factory/droids'), 0o555);
  const result = spawnSync(process.execPath, [FORGE, 'init'], {
    cwd: here.dir,
    env: { ...environment(), HOME: top },
    encoding: 'utf8',
    ...(root && { uid: 65534, gid: 65534 }),
  });
  chmodSync(here.path('.factory/droids'), 0o755);
  assert.equal(result.status, 1, result.stderr);
  assert.match(result.stderr, /cannot write in .*\.factory\/droids: permission denied; nothing was changed/);
  assert.deepEqual(here.tree(), before);
});

test('what fails half way is undone', async (t) => {
  const here = project(t, { 'go.mod': 'module x\n' });
  assert.equal((await here.forge(['init'])).code, 0);
  // Many files are to be updated, and the last of them cannot be replaced.
  here.write({ Makefile: 'test:\n\ttrue\n' });
  const last = here.path('.factory/droids/df-doc.md');
  if (spawnSync('chattr', ['+i', last]).status !== 0) {
    t.skip('needs chattr +i (root, on a file system that has it)');
    return;
  }
  try {
    await isRefused(here, /cannot write .*df-doc\.md: .*; nothing was changed/);
  } finally {
    spawnSync('chattr', ['-i', last]);
  }
});

test('a record that forge did not write, or that speaks of other files', async (t) => {
  for (const record of [
    '{',
    '[]',
    '{"version":1,"files":{"../x":["1"]},"folders":[]}',
    '{"version":1,"files":{"src/a":["1"]},"folders":[]}',
    '{"version":1,"files":{},"folders":[".factory/../src"]}',
  ]) {
    const here = project(t, { '.factory/forge.json': record });
    await isRefused(here, /forge\.json is not what forge init writes there/);
    await isRefused(here, /forge\.json is not what forge init writes there/, ['init', '--remove']);
  }
});

test('words, -f and unknown flags are refused with exit 2', async (t) => {
  const here = project(t);
  for (const [args, message] of [
    [['init', 'x'], /x is too much/],
    [['init', '-f', 'x.yaml'], /forge init always writes forge\.plan\.yaml/],
    [['init', '--forse'], /did you mean --force\?/],
  ] as const) {
    const result = await here.forge([...args]);
    assert.equal(result.code, 2, result.stderr);
    assert.match(result.stderr, message);
  }
  assert.deepEqual(here.tree(), {});
});

test('manifests that make no sense are named and left out', async (t) => {
  const here = project(t, {
    'package.json': '{"scripts": [',
    'web/package.json': '[]',
    'pyproject.toml': '\u0000[[[',
  });
  mkdirSync(here.path('odd\nname'));
  writeFileSync(here.path('odd\nname/package.json'), '{}');
  const result = await here.forge(['init']);
  assert.equal(result.code, 0, result.stderr);
  assert.match(result.stderr, /package\.json was left out: .*JSON/);
  assert.match(result.stderr, /web\/package\.json was left out: it is not a JSON object/);
  assert.equal((await here.forge(['check'])).code, 0);
});
