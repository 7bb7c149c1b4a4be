import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, lstatSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { readJournal } from '../../../src/journal/index.js';
import { type ProcessIdentity, thisProcess } from '../../../src/util/process/identity.js';
import { Home } from '../../rig/calling-home.js';
import { assertUnchanged, digest } from '../../rig/digest.js';
import { NEEDS_ROOT } from '../../rig/disk.js';
import { environment, FORGE, type Project, project } from '../../rig/project.js';

/** Runs forge in a PID namespace of its own, as a container would. */
function elsewhere(
  here: Project,
  args: string[],
  env: NodeJS.ProcessEnv = {},
): { child: ChildProcess; ended: Promise<{ code: number | null; output: string }> } {
  const child = spawn('unshare', ['-pf', '--mount-proc', process.execPath, FORGE, ...args], {
    cwd: here.dir,
    env: { ...environment(), FORGE_STATE_DIR: here.state, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  return { child, ended: new Promise((done) => child.on('close', (code) => done({ code, output }))) };
}

const UNTOLD = /a forge of another machine or container .* holds .*whether it lives can't be told from here/;

test('a forge at work in another PID namespace keeps its lock, its run and its scratch', {
  skip: NEEDS_ROOT,
}, async (t) => {
  const home = await Home.open(t);
  const here = project(t, {
    'forge.plan.yaml': `version: 1\ntasks:\n  a: { run: '${home.command('a')}; echo a > a', owns: [a] }\n`,
  });
  const { ended } = elsewhere(here, ['apply', '--yes']);
  const caller = await home.called('a');
  const before = digest(here.dir);
  for (const args of [['apply', '--yes'], ['resume'], ['merge'], ['abort']]) {
    const result = await here.forge(args);
    assert.equal(result.code, 3, `${args.join(' ')}: ${result.stdout}${result.stderr}`);
    assert.match(result.stderr, args[0] === 'abort' ? /on another machine or in another container/ : UNTOLD);
  }
  assert.match((await here.forge(['status'])).stdout, /running/);
  assert.match((await here.forge(['clean', '--all'])).stdout, /kept .*under way/);
  assertUnchanged(here.dir, before, 'nothing was taken over');
  assert.ok(here.scratch().length > 0, 'its workspace is there');
  caller.end();
  const { code, output } = await ended;
  assert.equal(code, 0, output);
  assert.equal(here.read('a'), 'a\n');
  assert.equal(existsSync(here.path('.forge/lock')), false);
});

test('`forge status` beside a merge in another PID namespace: the merge is left to it, its journal stays whole', {
  skip: NEEDS_ROOT,
}, async (t) => {
  const here = project(t, {
    'forge.plan.yaml': `version: 1\ntasks:\n  a: { run: 'for n in $(seq 1000); do echo $n > d/$n; done', owns: [d/**] }\n`,
    'd/0': '0',
  });
  const { ended } = elsewhere(here, ['apply', '--yes']);
  let over = false;
  const result = ended.finally(() => {
    over = true;
  });
  let beside = 0;
  while (!over) {
    const merging = lstatSync(here.path('.forge/merging'), { throwIfNoEntry: false })?.isFile() === true;
    if (!merging) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      continue;
    }
    const status = await here.forge(['status']);
    assert.doesNotMatch(status.stderr, /finished it now/);
    beside += 1;
  }
  const { code, output } = await result;
  t.diagnostic(`${beside} times beside the merge`);
  assert.equal(code, 0, output);
  assert.ok(beside > 0);
  const events = [...readJournal(here.path(`.forge/runs/${here.run()}/journal.ndjson`))];
  assert.equal(events.at(-1)?.type, 'run.finished');
  assert.equal(here.read('d/1000'), '1000\n');
});

test('a merge half written by a forge of another namespace: left alone until somebody removes its lock, then finished', {
  skip: NEEDS_ROOT,
}, async (t) => {
  const here = project(t, {
    'forge.plan.yaml': `version: 1\ntasks:\n  a: { run: 'echo a > a; echo b > b', owns: [a, b] }\n`,
  });
  // In its own namespace forge is the first process, which no signal of its own ends: a shell around it is.
  const child = spawn(
    'unshare',
    ['-pf', '--mount-proc', 'sh', '-c', `"$0" "$1" apply --yes; exit 7`, process.execPath, FORGE],
    {
      cwd: here.dir,
      env: { ...environment(), FORGE_STATE_DIR: here.state, FORGE_FAULT: 'merge-renamed' },
      stdio: 'ignore',
    },
  );
  await new Promise((done) => child.on('close', done));
  const before = digest(here.dir);
  await here.forge(['status']);
  const refused = await here.forge(['merge']);
  assert.equal(refused.code, 3);
  assert.match(refused.stderr, UNTOLD);
  assertUnchanged(here.dir, before, 'nothing was taken over');
  rmSync(here.path('.forge/lock'));
  const finished = await here.forge(['status']);
  assert.match(finished.stderr, /finished it now \(2 paths\)/);
  assert.deepEqual([here.read('a'), here.read('b')], ['a\n', 'b\n']);
});

/** Locks of processes that are certainly dead, and of some that may live. */
const others: [name: string, process: ProcessIdentity, free: boolean][] = [
  ['a pid that was given to another process since', { ...thisProcess(), start: '1' }, true],
  ['a pid that nobody has', { ...thisProcess(), pid: 4_194_303 }, true],
  [
    'the same pid before the last boot',
    { ...thisProcess(), boot: '00000000-0000-0000-0000-000000000000' },
    true,
  ],
  ['a living process', thisProcess(), false],
  ['another PID namespace', { ...thisProcess(), pidNamespace: 'pid:[1]', pid: 4_194_303 }, false],
  ['another machine', { ...thisProcess(), host: '0123456789abcdef', boot: 'x', pid: 4_194_303 }, false],
];
for (const [name, holder, free] of others) {
  test(`a lock held by ${name} is ${free ? 'taken over' : 'respected'}`, async (t) => {
    const here = project(t, {
      'forge.plan.yaml': `version: 1\ntasks:\n  a: { run: 'echo a > a', owns: [a] }\n`,
    });
    assert.equal((await here.forge(['apply', '--no-merge'])).code, 0);
    writeFileSync(here.path('.forge/lock'), JSON.stringify({ process: holder, doing: 'apply' }));
    const before = readFileSync(here.path('.forge/lock'), 'utf8');
    const result = await here.forge(['merge']);
    assert.equal(result.code, free ? 0 : 3, result.stderr);
    if (free) assert.equal(existsSync(here.path('.forge/lock')), false);
    else assert.equal(readFileSync(here.path('.forge/lock'), 'utf8'), before);
  });
}
