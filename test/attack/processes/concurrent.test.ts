import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { thisProcess } from '../../../src/util/process/identity.js';
import { Home } from '../../rig/calling-home.js';
import { cases } from '../../rig/effort.js';
import { eventsOf, type ForgeResult, type Project, project } from '../../rig/project.js';

const ROUNDS = cases(2, 4);
const BUSY = /another forge \(pid \d+, .+\) is at work on .+; wait for it, or end it with `forge abort`/;

test('several forges started at once: one works, the others are refused with exit 3 and say why', async (t) => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const home = await Home.open(t);
    const here = project(t, {
      'forge.plan.yaml': `version: 1\ntasks:\n  a: { run: '${home.command('a')}; echo a >> a', owns: [a] }\n`,
    });
    // A lock that a dead forge left makes the start a race for its inheritance.
    const dead = spawn('true');
    await once(dead, 'close');
    mkdirSync(here.path('.forge'));
    if (round % 2 === 1)
      here.write({
        '.forge/lock': JSON.stringify({
          process: { ...thisProcess(), pid: dead.pid, start: '1' },
          doing: 'apply',
        }),
      });
    let over = 0;
    const forges = Array.from({ length: 4 }, () =>
      here.forge(['apply']).then((result) => {
        over += 1;
        return result;
      }),
    );
    const winner = await home.called('a');
    while (over < 3) await Promise.race(forges.map((forge) => forge.then(() => new Promise(setImmediate))));
    winner.end();
    const results = await Promise.all(forges);
    assert.deepEqual(results.map(({ code }) => code).sort(), [0, 3, 3, 3]);
    for (const { code, stderr } of results) if (code === 3) assert.match(stderr, BUSY);
    assert.equal(here.read('a'), 'a\n');
    assert.equal(home.connected, 0);
  }
});

/** Runs `during` while the only task of a plan waits, then lets it end. */
async function during(
  t: TestContext,
  backend: string,
  body: (here: Project) => Promise<void> | void,
  files: Record<string, string> = {},
  task = 'echo made > mine/made.txt',
): Promise<{ here: Project; result: ForgeResult }> {
  const home = await Home.open(t);
  const here = project(t, {
    'mine/keep.txt': 'keep\n',
    'free/x.txt': 'x\n',
    'free/deep/y.txt': 'y\n',
    ...files,
    'work.sh': `${task}\n${home.command('working')}\n`,
    'forge.plan.yaml': `version: 1\ntasks:\n  a: { run: sh work.sh, owns: [mine/**] }\n`,
  });
  const running = here.forge(['apply', '--json', '--backend', backend]);
  const caller = await home.called('working');
  await body(here);
  caller.end();
  return { here, result: await running };
}

test('every other command beside a running apply: looking is free, acting is refused, clean keeps the run', async (t) => {
  const { here, result } = await during(t, 'overlay', async (p) => {
    for (const [args, code, text] of [
      [['apply'], 3, BUSY],
      [['resume'], 3, BUSY],
      [['merge'], 3, BUSY],
      [['status'], 0, /running/],
      [['ls'], 0, /running/],
      [['logs', 'a'], 0, /^/],
      [['diff'], 0, /^/],
      [['clean'], 0, /kept .*under way/],
      [['clean', '--all'], 0, /kept .*under way/],
      [['clean', p.run()], 0, /kept .*under way/],
    ] as const) {
      const other = await p.forge([...args]);
      assert.equal(other.code, code, `${args.join(' ')}: ${other.stdout}${other.stderr}`);
      assert.match(other.stdout + other.stderr, text, args.join(' '));
      assert.doesNotMatch(other.stderr, /\n\s+at /);
    }
  });
  assert.equal(result.code, 0, result.stderr);
  assert.equal(here.read('mine/made.txt'), 'made\n');
});

test('forge abort beside a running apply stops it as Ctrl-C would; resume goes on', async (t) => {
  const home = await Home.open(t);
  const here = project(t, {
    'forge.plan.yaml': `version: 1\ntasks:\n  a: { run: '${home.command('a')}; echo a > a', owns: [a] }\n`,
  });
  const running = here.forge(['apply']);
  await home.called('a');
  assert.equal((await here.forge(['abort'])).code, 0);
  assert.equal((await running).code, 143);
  assert.equal(home.connected, 0);
  const resuming = here.forge(['resume']);
  (await home.called('a')).end();
  assert.equal((await resuming).code, 0);
  assert.equal(here.read('a'), 'a\n');
});

test('a lock whose process is stopped is still its own; one whose pid was reused is nobody’s', async (t) => {
  const here = project(t, {
    'forge.plan.yaml': `version: 1\ntasks:\n  a: { run: 'echo a > a', owns: [a] }\n`,
  });
  const other: ChildProcess = spawn('sleep', ['600'], { stdio: 'ignore' });
  t.after(() => other.kill('SIGKILL'));
  other.kill('SIGSTOP');
  const stat = readFileSync(`/proc/${other.pid}/stat`, 'latin1');
  const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]!;
  here.write({
    '.forge/lock': JSON.stringify({
      process: { ...thisProcess(), pid: other.pid, start: started },
      doing: 'apply',
    }),
  });
  const refused = await here.forge(['apply']);
  assert.equal(refused.code, 3, refused.stdout);
  assert.match(refused.stderr, BUSY);
  here.write({
    '.forge/lock': JSON.stringify({
      process: { ...thisProcess(), pid: other.pid, start: '17' },
      doing: 'apply',
    }),
  });
  assert.equal((await here.forge(['apply'])).code, 0);
});

const sorted = (text: string) => text.trim().split('\n').sort();

for (const backend of ['overlay', 'copy']) {
  for (const [name, act, expected] of [
    ['commits everything', (p: Project) => p.commit('meanwhile'), ['mine/made.txt']],
    [
      'stashes an edit',
      (p: Project) => {
        p.write({ 'free/x.txt': 'edited\n', 'mine/keep.txt': 'edited\n' });
        p.git('stash', '-u');
      },
      ['mine/made.txt'],
    ],
    [
      'resets hard after an edit',
      (p: Project) => {
        p.write({ 'free/x.txt': 'edited\n', 'mine/keep.txt': 'edited\n' });
        p.git('reset', '-q', '--hard');
      },
      ['mine/made.txt'],
    ],
    [
      'checks another branch out and comes back',
      (p: Project) => {
        p.git('checkout', '-qb', 'other');
        p.write({ 'mine/keep.txt': 'other\n', 'free/z.txt': 'z\n' });
        p.commit('other');
        p.git('checkout', '-q', 'main');
      },
      ['mine/made.txt'],
    ],
    [
      'renames, deletes and makes what is not owned',
      (p: Project) => {
        renameSync(p.path('free/deep'), p.path('free/moved'));
        rmSync(p.path('free/x.txt'));
        p.write({ 'fresh/dir/f.txt': 'f\n', 'mine-not/x': 'x' });
      },
      ['free/moved/y.txt', 'fresh/dir/f.txt', 'mine-not/x', 'mine/made.txt'],
    ],
    [
      'deletes an owned file that no task changed',
      (p: Project) => rmSync(p.path('mine/keep.txt')),
      ['mine/made.txt'],
    ],
    [
      'makes an owned file that no task makes',
      (p: Project) => p.write({ 'mine/own.txt': 'user\n', 'mine/sub/own.txt': 'user\n' }),
      ['mine/made.txt', 'mine/own.txt', 'mine/sub/own.txt'],
    ],
  ] as const) {
    test(`${backend}: the user ${name} during the run: nothing of it is lost, and the run merges`, async (t) => {
      let edited: Record<string, string> = {};
      const { here, result } = await during(t, backend, (p) => {
        act(p);
        edited = p.tree();
      });
      assert.equal(result.code, 0, result.stderr + result.stdout);
      // The tree is the user's with exactly what the task did.
      const after = here.tree();
      assert.match(after['mine/made.txt']!, /made\n$/);
      delete after['mine/made.txt'];
      assert.deepEqual(after, edited);
      const others = sorted(here.git('ls-files', '--others', '--exclude-standard'));
      for (const path of expected) if (name !== 'commits everything') assert.ok(others.includes(path), path);
    });
  }

  for (const [name, act, code] of [
    [
      'renames the folder that the task writes to',
      (p: Project) => renameSync(p.path('mine'), p.path('yours')),
      [0, 3],
    ],
    [
      'deletes the folder that the task writes to',
      (p: Project) => rmSync(p.path('mine'), { recursive: true }),
      [0, 3],
    ],
    [
      'replaces that folder by a file',
      (p: Project) => {
        rmSync(p.path('mine'), { recursive: true });
        writeFileSync(p.path('mine'), 'a file');
      },
      [3],
    ],
    [
      'checks a branch out that has the task’s file',
      (p: Project) => {
        p.git('checkout', '-qb', 'other');
        p.write({ 'mine/made.txt': 'theirs\n' });
        p.commit('other');
      },
      [3],
    ],
  ] as const) {
    test(`${backend}: the user ${name}: merged or refused, with the task's work kept and nothing of the user's lost`, async (t) => {
      let edited: Record<string, string> = {};
      const { here, result } = await during(t, backend, (p) => {
        act(p);
        edited = p.tree();
      });
      assert.ok((code as readonly number[]).includes(result.code!), `${result.code} ${result.stderr}`);
      const after = here.tree();
      if (result.code === 3) {
        assert.deepEqual(after, edited);
        const kept = await here.forge(['diff']);
        assert.match(kept.stdout, /made/, 'the work is kept');
        assert.equal(eventsOf(result.events, 'merge.finished')[0]?.state, 'refused');
      } else {
        for (const [path, content] of Object.entries(edited)) assert.equal(after[path], content, path);
        assert.match(after['mine/made.txt'] ?? 'lost', /made\n$/);
      }
    });
  }
}

test('the user removes .forge during the run: the run fails with a clear line and touches nothing', async (t) => {
  let before: Record<string, string> = {};
  const { here, result } = await during(t, 'overlay', (p) => {
    before = p.tree();
    rmSync(p.path('.forge'), { recursive: true });
  });
  assert.equal(result.code, 1, result.stdout);
  assert.doesNotMatch(result.stderr, /\n\s+at |internal error/);
  assert.deepEqual(here.tree(), before);
  assert.equal((await here.forge(['apply', '-n'])).code, 0);
  assert.equal(existsSync(join(here.state, 'x')), false);
});
