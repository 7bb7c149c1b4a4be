import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { afterEach, describe, it } from 'node:test';
import { type BackendName, BackendUnavailableError, chooseBackend } from '../../src/workspace/index.js';
import { Grounds, SETTINGS, unavailable } from './grounds.js';

const OVERLAY = SETTINGS.find(({ label }) => label === 'overlay')!;
const skip = unavailable(OVERLAY) || (process.platform === 'linux' ? false : 'Linux only');

async function choose(grounds: Grounds, wanted?: BackendName, root = grounds.root) {
  const runDir = `${root}/.forge/runs/r`;
  mkdirSync(runDir, { recursive: true });
  return chooseBackend({ root, runDir, runId: 'r', ...(wanted === undefined ? {} : { wanted }) });
}

async function refusal(grounds: Grounds, wanted: BackendName, root?: string): Promise<string> {
  try {
    await choose(grounds, wanted, root);
  } catch (error) {
    assert.ok(error instanceof BackendUnavailableError);
    assert.equal(error.backend, wanted);
    assert.doesNotMatch(error.message, /\n/);
    return error.message;
  }
  return assert.fail(`${wanted} was not refused`);
}

describe('choosing a backend', { skip }, () => {
  let grounds: Grounds;
  const before = { ...process.env };
  const setUp = (dir?: string) => {
    grounds = new Grounds(OVERLAY);
    process.env.FORGE_STATE_DIR = dir ?? grounds.state;
  };
  afterEach(() => {
    grounds.remove();
    process.env = { ...before };
  });

  it('takes overlay where it works, leaves nothing behind and says where the changes go', async () => {
    setUp();
    writeFileSync(`${grounds.root}/f`, 'x');
    const { backend, reason } = await choose(grounds);
    assert.equal(backend.name, 'overlay');
    assert.match(reason, /^private views .* in .*state\/forge-\d+$/);
    assert.deepEqual(grounds.scratch(), []);
    assert.deepEqual(readdirSync(grounds.root).sort(), ['.forge', 'f']);
    assert.deepEqual(readdirSync(`${grounds.root}/.forge/runs/r`), []);
  });

  it('says why better ones were passed over, and what copy costs', async () => {
    setUp();
    process.env.FORGE_ISOLATION = 'none';
    const { backend, reason } = await choose(grounds);
    assert.equal(backend.name, 'copy');
    assert.match(reason, /a full copy .*: the time and disk of the whole tree/);
    assert.match(reason, /no overlay: FORGE_ISOLATION=none/);
    assert.match(reason, /no clone: the file system has no reflinks/);
    assert.doesNotMatch(reason, /\n/);
  });

  it('refuses what was asked for and cannot work, with the reason', async () => {
    setUp();
    assert.match(
      await refusal(grounds, 'clone'),
      /the clone backend cannot be used here: the file system has no reflinks/,
    );
    process.env.FORGE_ISOLATION = 'none';
    assert.match(await refusal(grounds, 'overlay'), /FORGE_ISOLATION=none turns namespaces off/);
  });

  it('refuses a state folder inside the working tree', async () => {
    setUp();
    process.env.FORGE_STATE_DIR = `${grounds.root}/state`;
    for (const backend of ['overlay', 'copy'] as const)
      assert.match(await refusal(grounds, backend), /lies inside the working tree/);
  });

  it('refuses a state folder that cannot be made', async () => {
    setUp();
    writeFileSync(`${grounds.dir}/file`, '');
    process.env.FORGE_STATE_DIR = `${grounds.dir}/file/state`;
    assert.match(await refusal(grounds, 'overlay'), /cannot be used/);
  });

  it('passes overlay over where something is mounted inside the tree, and copies what is there', async () => {
    setUp();
    const point = `${grounds.root}/in side`;
    mkdirSync(point);
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', point]);
    try {
      writeFileSync(`${point}/f`, 'x');
      assert.match(
        await refusal(grounds, 'overlay'),
        /another file system is mounted inside the working tree, at .*in side/,
      );
      const { backend } = await choose(grounds);
      assert.equal(backend.name, 'copy');
      const workspace = await backend.open({ root: grounds.root, start: [], name: 'r.t.1' });
      const script = 'cat "in side/f"; echo y >"in side/f"; echo y >"$0/in side/f"';
      const running = workspace.spawn({
        argv: ['sh', '-c', script, grounds.root],
        env: { PATH: process.env.PATH! },
      });
      assert.equal((await running.ended).exitCode, 2);
      const { changeset } = await workspace.collect(grounds.out());
      assert.deepEqual(
        changeset.entries.map(({ path }) => path),
        ['in side/f'],
      );
      await workspace.close();
      await backend.close();
    } finally {
      execFileSync('umount', [point]);
    }
  });

  it('an upper folder on another file system works too', async () => {
    setUp();
    mkdirSync(`${grounds.dir}/shm`);
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', `${grounds.dir}/shm`]);
    try {
      process.env.FORGE_STATE_DIR = `${grounds.dir}/shm/state`;
      grounds.sh('mkdir -p a/b; echo 1 >a/b/f; echo 2 >a/g');
      const { backend } = await choose(grounds, 'overlay');
      const workspace = await backend.open({ root: grounds.root, start: [], name: 'r.t.1' });
      await workspace.spawn({
        argv: ['sh', '-c', 'mv a c; rm c/g; mkdir a'],
        env: { PATH: process.env.PATH! },
      }).ended;
      const { changeset } = await workspace.collect(grounds.out());
      const found = changeset.entries.map(({ path, change }) => `${change} ${path}`);
      assert.deepEqual(found, [
        'deleted a/b',
        'deleted a/b/f',
        'deleted a/g',
        'created c',
        'created c/b',
        'created c/b/f',
      ]);
      await workspace.close();
      await backend.close();
    } finally {
      execFileSync('umount', [`${grounds.dir}/shm`]);
    }
  });

  it('a full disk is said in so many words', async () => {
    setUp();
    mkdirSync(`${grounds.dir}/small`);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', `${grounds.dir}/small`]);
    try {
      process.env.FORGE_STATE_DIR = `${grounds.dir}/small/state`;
      grounds.sh('head -c 3000000 /dev/urandom >big');
      const { backend } = await choose(grounds, 'copy');
      await assert.rejects(
        backend.open({ root: grounds.root, start: [], name: 'r.t.1' }),
        /No space left on device.*FORGE_STATE_DIR/,
      );
      await backend.close();
      const own = `${grounds.dir}/small/state/forge-${process.getuid?.()}`;
      assert.deepEqual(readdirSync(own), ['made-by-forge.json']);
    } finally {
      execFileSync('umount', [`${grounds.dir}/small`]);
    }
  });
});
