import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Home } from '../../rig/calling-home.js';
import { isFull } from '../../rig/effort.js';
import { eventsOf, type ForgeResult, type Project, project } from '../../rig/project.js';

const ROOT = process.platform === 'linux' && process.geteuid?.() === 0;
const FLAGS: string | false =
  !ROOT || spawnSync('chattr', ['-V']).error ? 'append-only files need root and chattr (e2fsprogs)' : false;

const FILES = {
  'src/a.txt': 'a\n',
  'src/b.txt': 'b\n',
  'src/sub/s.txt': 's\n',
  'lib/l.txt': 'l\n',
  'forge.plan.yaml': `
version: 1
tasks:
  a: { run: 'sh change.sh', owns: ['src/**', 'lib/**'] }
`,
};

/** Sets an attribute for the rest of the test; skips the test where the file system has none. */
function flag(t: TestContext, here: Project, which: string, path: string): boolean {
  try {
    execFileSync('chattr', [`+${which}`, here.path(path)], { stdio: 'ignore' });
  } catch {
    t.skip('this file system has no append-only flag');
    return false;
  }
  return true;
}

/** Nothing was merged, by its exit code, its words and the tree. */
function untouched(here: Project, before: Record<string, string>, result: ForgeResult, code: number): void {
  assert.equal(result.code, code, result.stdout + result.stderr);
  assert.deepEqual(here.tree(), before);
  assert.equal(existsSync(here.path('.forge/merging')), false, 'no merge is left half-way');
  assert.match(result.stdout + result.stderr, /Nothing merged|was not touched/);
  assert.doesNotMatch(result.stdout + result.stderr, /merge was interrupted|\n\s+at |internal error/);
}

const FLAGGED = [
  ['an append-only file', 'src/a.txt', 'a', 'echo A > lib/l.txt; echo A > src/a.txt'],
  ['an append-only file to delete', 'src/a.txt', 'a', 'echo A > lib/l.txt; rm src/a.txt'],
  ['an append-only folder', 'src', 'a', 'echo A > lib/l.txt; echo A >> src/a.txt'],
  ['an append-only folder that loses a file', 'src', 'a', 'echo A > lib/l.txt; rm src/b.txt'],
  ['an append-only folder that loses a folder', 'src', 'a', 'echo A > lib/l.txt; rm -r src/sub'],
  ['an append-only folder to delete', 'src/sub', 'a', 'echo A > lib/l.txt; rm -r src/sub'],
  ['an append-only file whose mode changes', 'src/a.txt', 'a', 'echo A > lib/l.txt; chmod 755 src/a.txt'],
  ['an immutable file', 'src/a.txt', 'i', 'echo A > lib/l.txt; echo A > src/a.txt'],
] as const;

for (const as of [undefined, 1001] as const) {
  // The flags bind root and everybody else alike.
  const some = as === undefined || isFull ? FLAGGED : FLAGGED.filter((_, index) => index % 3 === 0);
  for (const [what, path, which, change] of some) {
    test(`${what}, as ${as === undefined ? 'root' : 'an ordinary user'}: found before the merge begins, merged when the flag is gone`, {
      skip: FLAGS,
    }, async (t) => {
      const here = project(t, { ...FILES, 'change.sh': `${change}\n` });
      mkdirSync(here.state);
      if (as !== undefined) {
        execFileSync('chown', ['-R', `${as}:${as}`, dirname(here.dir)]);
        chmodSync(dirname(here.dir), 0o755);
      }
      const who = as === undefined ? {} : { as, env: { HOME: here.state } };
      const ready = await here.forge(['apply', '--no-merge', '--backend', 'copy'], who);
      assert.equal(ready.code, 0, ready.stdout + ready.stderr);
      if (!flag(t, here, which, path)) return;
      const before = here.tree();
      try {
        const result = await here.forge(['merge', '--backend', 'copy'], who);
        untouched(here, before, result, 1);
        const told = result.stdout + result.stderr;
        assert.match(told, new RegExp(`"${path.replace('.', '\\.')}`), 'names the path');
        assert.match(told, /append-only|immutable/);
        assert.match(told, /chattr -/);
      } finally {
        execFileSync('chattr', ['-ai', here.path(path)]);
      }
      const merged = await here.forge(['merge', '--backend', 'copy'], who);
      assert.equal(merged.code, 0, merged.stdout + merged.stderr);
      assert.equal(here.read('lib/l.txt'), 'A\n');
    });
  }
}

test('an append-only folder takes new files', { skip: FLAGS }, async (t) => {
  const here = project(t, { ...FILES, 'change.sh': 'echo n > src/new.txt; chmod 755 src/a.txt\n' });
  if (!flag(t, here, 'a', 'src')) return;
  try {
    const result = await here.forge(['apply']);
    assert.equal(result.code, 0, result.stdout + result.stderr);
    assert.equal(here.read('src/new.txt'), 'n\n');
  } finally {
    execFileSync('chattr', ['-a', here.path('src')]);
  }
});

test('looking for flags leaves no trace and moves nothing', { skip: FLAGS }, async (t) => {
  const here = project(t, {
    ...FILES,
    'change.sh': 'rm -r src/sub; echo A >> src/a.txt; rm src/b.txt; mkdir src/b.txt; echo x > src/b.txt/x\n',
  });
  const result = await here.forge(['apply']);
  assert.equal(result.code, 0, result.stdout + result.stderr);
  assert.deepEqual(readdirSync(here.path('src')).sort(), ['a.txt', 'b.txt']);
  assert.deepEqual(readdirSync(here.path('src/b.txt')), ['x']);
  const merge = here.path(`.forge/runs/${here.run()}/merge`);
  assert.deepEqual(readdirSync(merge).sort(), ['old', 'placed', 'plan.json']);
});

const CHANGE = { ...FILES, 'change.sh': 'echo A > src/a.txt; echo n > src/n; rm src/b.txt\n' };

test('--commit with a stale index.lock: said before anything runs, exit 2', async (t) => {
  const here = project(t, CHANGE);
  writeFileSync(here.path('.git/index.lock'), '');
  const result = await here.forge(['apply', '--commit']);
  assert.equal(result.code, 2, result.stdout + result.stderr);
  assert.match(result.stderr, /index\.lock/);
  assert.match(result.stderr, /rm|remove/);
  assert.equal(existsSync(here.path('.forge/runs')), false, 'nothing was started');
});

for (const lock of ['index.lock', 'HEAD.lock', 'refs/heads/main.lock']) {
  test(`--commit with a ${lock} that comes while the gates run: refused as a whole, merged when it is gone`, async (t) => {
    const home = await Home.open(t);
    const here = project(t, {
      ...CHANGE,
      'forge.plan.yaml': `${FILES['forge.plan.yaml']}gates: [{ name: wait, run: '${home.command('gate')}' }]\n`,
    });
    const before = here.tree();
    const head = here.git('rev-parse', 'HEAD');
    const running = here.forge(['apply', '--commit']);
    const gate = await home.called('gate');
    const at = here.path(`.git/${lock}`);
    writeFileSync(at, '');
    gate.end();
    const result = await running;
    untouched(here, before, result, 3);
    assert.match(result.stdout, new RegExp(lock.replaceAll('.', '\\.')));
    assert.equal(here.git('rev-parse', 'HEAD'), head);
    rmSync(at);
    const merging = here.forge(['merge']);
    (await home.called('gate')).end();
    const merged = await merging;
    assert.equal(merged.code, 0, merged.stdout + merged.stderr);
    assert.equal(here.git('status', '--porcelain'), '');
    assert.equal(here.read('src/a.txt'), 'A\n');
  });
}

/** A repository with a submodule `sub`, and a task that changes a file in it and one outside. */
function withSubmodule(t: TestContext): Project {
  const inner = project(t, { f: 'f\n' });
  const here = project(t, {
    'a.txt': 'a\n',
    'forge.plan.yaml': `version: 1\ntasks:\n  a: { run: 'echo more >> sub/f; echo more >> a.txt', owns: ['sub/**', a.txt] }\n`,
  });
  here.git('-c', 'protocol.file.allow=always', 'submodule', '-q', 'add', inner.dir, 'sub');
  here.commit('submodule');
  return here;
}

for (const args of [['--commit'], ['--branch', 'agents']]) {
  test(`${args[0]} with a change in a submodule: refused for that reason; \`forge merge --no-commit\` merges the files`, async (t) => {
    const here = withSubmodule(t);
    const before = here.tree();
    const head = here.git('rev-parse', 'HEAD');
    const result = await here.forge(['apply', ...args]);
    untouched(here, before, result, 3);
    assert.match(result.stdout, /sub\/f: it lies in a submodule/);
    assert.match(result.stdout, /forge merge \S+ --no-commit/);
    assert.match((await here.forge(['status'])).stdout, /submodule/);
    const again = await here.forge(['merge']);
    untouched(here, before, again, 3);
    const merged = await here.forge(['merge', here.run(), '--no-commit']);
    assert.equal(merged.code, 0, merged.stdout + merged.stderr);
    assert.equal(here.read('sub/f'), 'f\nmore\n');
    assert.equal(here.read('a.txt'), 'a\nmore\n');
    assert.equal(here.git('rev-parse', 'HEAD'), head);
    assert.equal(here.git('branch', '--list', 'agents'), '');
  });
}

test('--no-commit contradicts --commit and --branch', async (t) => {
  const here = project(t, CHANGE);
  assert.equal((await here.forge(['apply', '--no-merge'])).code, 0);
  for (const args of [['--commit'], ['--branch', 'x']]) {
    const result = await here.forge(['merge', '--no-commit', ...args]);
    assert.equal(result.code, 2);
    assert.match(result.stderr, /contradict/);
  }
});

test('merge --commit of a run that was started with --branch makes no branch', async (t) => {
  const here = project(t, CHANGE);
  assert.equal((await here.forge(['apply', '--no-merge', '--branch', 'agents'])).code, 0);
  const merged = await here.forge(['merge', '--commit']);
  assert.equal(merged.code, 0, merged.stdout + merged.stderr);
  assert.equal(here.git('branch', '--list', 'agents'), '');
  assert.equal(here.read('src/a.txt'), 'A\n');
  assert.equal(here.git('status', '--porcelain'), '');
});

test('what fails while the merge is prepared is told as nothing merged, and the journal says so', async (t) => {
  const home = await Home.open(t);
  const here = project(t, {
    ...CHANGE,
    'forge.plan.yaml': `${FILES['forge.plan.yaml']}gates: [{ name: wait, run: '${home.command('gate')}' }]\n`,
  });
  const before = here.tree();
  const running = here.forge(['apply', '--json']);
  const gate = await home.called('gate');
  const blobs = join(here.path('.forge/runs'), here.run(), 'tasks', 'a', 'changeset', 'blobs');
  const blob = readdirSync(blobs, { recursive: true, encoding: 'utf8' }).find((name) =>
    /[0-9a-f]{64}$/.test(name),
  )!;
  const kept = join(blobs, blob);
  writeFileSync(kept, 'damaged');
  gate.end();
  const result = await running;
  assert.equal(result.code, 1, result.stdout + result.stderr);
  assert.deepEqual(here.tree(), before);
  const [end] = eventsOf(result.events, 'merge.finished');
  assert.equal(end?.state, 'refused');
  assert.match(end?.reason ?? '', /damaged/);
  const status = await here.forge(['status']);
  assert.match(status.stdout, /Nothing merged: The stored content/);
  assert.doesNotMatch(status.stdout, /interrupted/);
});

test('merge --branch TAKEN: exit 2 before any gate runs, and the run stays mergeable', async (t) => {
  const here = project(t, {
    ...CHANGE,
    'forge.plan.yaml': `${FILES['forge.plan.yaml']}gates: [{ name: count, run: 'echo ran >> "$COUNTER"' }]\n`,
  });
  const env = { COUNTER: join(here.dir, '../counter') };
  assert.equal((await here.forge(['apply', '--no-merge'], { env })).code, 0);
  here.git('branch', 'taken');
  const refused = await here.forge(['merge', '--branch', 'taken'], { env });
  assert.equal(refused.code, 2, refused.stdout + refused.stderr);
  assert.match(refused.stderr, /taken.*exists already/);
  assert.equal(here.read('../counter'), 'ran\n', 'the gates ran once, for apply');
  const status = await here.forge(['status']);
  assert.doesNotMatch(status.stdout, /interrupted/);
  const merged = await here.forge(['merge', '--branch', 'fresh'], { env });
  assert.equal(merged.code, 0, merged.stdout + merged.stderr);
  assert.equal(here.git('show', 'fresh:src/a.txt'), 'A\n');
});

test('resume of a run whose branch is taken by now: exit 2 at once; it goes on with --no-merge and another name', async (t) => {
  const here = project(t, {
    ...FILES,
    'change.sh': 'test -e "$GOOD" && echo A > src/a.txt\n',
  });
  const env = { GOOD: join(here.dir, '../good') };
  assert.equal((await here.forge(['apply', '--branch', 'taken'], { env })).code, 1);
  here.git('branch', 'taken');
  writeFileSync(env.GOOD, '');
  const refused = await here.forge(['resume'], { env });
  assert.equal(refused.code, 2, refused.stdout + refused.stderr);
  assert.match(refused.stderr, /taken.*--no-merge/s);
  assert.equal((await here.forge(['resume', '--no-merge'], { env })).code, 0);
  const merged = await here.forge(['merge', '--branch', 'fresh'], { env });
  assert.equal(merged.code, 0, merged.stdout + merged.stderr);
});
