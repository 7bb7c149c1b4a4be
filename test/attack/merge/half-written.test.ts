import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { assertUnchanged, digest } from '../../rig/digest.js';
import { NEEDS_ROOT } from '../../rig/disk.js';
import { type ForgeResult, project } from '../../rig/project.js';

const PLAN = `
version: 1
tasks:
  a: { run: 'echo new > lib/a.txt; echo new > src/b.txt', owns: [lib/**, src/**] }
`;
const FILES = { 'forge.plan.yaml': PLAN, 'lib/a.txt': 'old\n', 'src/b.txt': 'old\n' };
const NEEDS_CHATTR =
  NEEDS_ROOT || (spawnSync('chattr', ['-V']).error === undefined ? false : 'there is no chattr here');

function isHalfWritten(result: ForgeResult, where: string): void {
  assert.equal(result.code, 5, `${where}: ${result.stdout}${result.stderr}`);
  assert.match(result.stderr, /half written.*the next forge command finishes it/s, where);
  assert.doesNotMatch(result.stdout + result.stderr, /[Nn]othing (?:was )?merged|\n\s+at /, where);
}

test('what fails past the commit point is called half written (5), and the next command finishes it', async (t) => {
  const here = project(t, FILES);
  // git finds that it can't write the branch's log when it has taken every lock: nothing tells before.
  rmSync(here.path('.git/logs/refs/heads/main'));
  mkdirSync(here.path('.git/logs/refs/heads/main/in/the/way'), { recursive: true });
  writeFileSync(here.path('.git/logs/refs/heads/main/in/the/way/x'), '');
  const first = await here.forge(['apply', '--yes', '--commit']);
  isHalfWritten(first, 'apply');
  assert.match(first.stdout, /The merge is half written; the next forge command finishes it\./);
  assert.equal(here.read('src/b.txt'), 'new\n');
  for (const args of [['status'], ['ls'], ['merge'], ['apply', '--yes'], ['clean']])
    isHalfWritten(await here.forge(args), args.join(' '));
  rmSync(here.path('.git/logs/refs/heads/main'), { recursive: true });
  const status = await here.forge(['status']);
  assert.equal(status.code, 0, status.stderr);
  assert.match(status.stderr, /finished it now/);
  assert.match(status.stdout, /[Mm]erged/);
  assert.equal(here.git('status', '--short'), '');
  assert.equal(here.git('log', '-1', '--format=%s').trim(), 'a');
  assert.match((await here.forge(['ls'])).stdout, /merged/);
});

test('a folder that became append-only after the commit point: half written, said so by every command, finished when it can be', {
  skip: NEEDS_CHATTR,
}, async (t) => {
  const here = project(t, FILES);
  const killed = await here.forge(['apply', '--yes'], { env: { FORGE_FAULT: 'merge-committed' } });
  assert.equal(killed.signal, 'SIGKILL');
  execFileSync('chattr', ['+a', here.path('src')]);
  const before = digest(here.path('src'));
  try {
    for (const args of [['status'], ['apply', '--yes'], ['ls']])
      isHalfWritten(await here.forge(args), args.join(' '));
    assertUnchanged(here.path('src'), before, 'src');
    assert.ok(existsSync(here.path('.forge/merging')));
  } finally {
    execFileSync('chattr', ['-a', here.path('src')]);
  }
  assert.equal((await here.forge(['status'])).code, 0);
  assert.deepEqual([here.read('lib/a.txt'), here.read('src/b.txt')], ['new\n', 'new\n']);
});
