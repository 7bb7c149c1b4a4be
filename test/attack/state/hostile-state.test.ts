import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Home } from '../../rig/calling-home.js';
import { isFull } from '../../rig/effort.js';
import { eventsOf, type Project, project } from '../../rig/project.js';

const PLAN = `
version: 1
tasks:
  one: { run: 'echo one > one.txt; sed -i s/seven/SEVEN/ both.txt', owns: [one.txt, both.txt] }
  two: { run: 'cat one.txt > two.txt', owns: [two.txt], needs: [one] }
`;
const BOTH = 'one\ntwo\nthree\nfour\nfive\nsix\nseven\n';

/** A project with one run that waits for `forge merge`. */
async function waiting(
  t: TestContext,
): Promise<{ here: Project; dir: string; before: Record<string, string> }> {
  const here = project(t, { 'forge.plan.yaml': PLAN, 'both.txt': BOTH });
  const before = here.tree();
  const result = await here.forge(['apply', '--no-merge']);
  assert.equal(result.code, 0, result.stderr);
  return { here, dir: here.path(`.forge/runs/${here.run()}`), before };
}

/** A forge command that must fail with one clear line about `what`, and leave the tree as it was. */
async function refuses(here: Project, args: string[], what: RegExp, code = 1): Promise<void> {
  const before = here.tree();
  const result = await here.forge(args);
  assert.equal(result.code, code, `${args.join(' ')}: ${result.stdout}${result.stderr}`);
  assert.match(result.stderr, what);
  assert.doesNotMatch(result.stderr, /\n\s+at |internal error/, args.join(' '));
  assert.deepEqual(here.tree(), before);
}

for (const [name, damage] of [
  ['a line that is no event', (text: string) => text.replace(/"type":"task.finished"/, 'garbage')],
  ['a missing line', (text: string) => text.split('\n').toSpliced(2, 1).join('\n')],
  ['zeros', (text: string) => `${text.slice(0, 300)}${'\0'.repeat(50)}${text.slice(350)}`],
] as const) {
  test(`a journal damaged in the middle (${name}) is reported by file and line; other runs are not affected`, async (t) => {
    const { here, dir } = await waiting(t);
    const journal = join(dir, 'journal.ndjson');
    const whole = readFileSync(journal, 'utf8');
    writeFileSync(journal, damage(whole));
    const isFirst = name === 'a line that is no event';
    const all = ['status', 'resume', 'merge', 'diff', 'logs one', 'abort'];
    for (const command of isFirst || isFull ? all : ['status', 'resume'])
      await refuses(here, command.split(' '), /journal\.ndjson:\d+ is not a journal event.*damaged/);
    // What is told as damaged is treated alike from here on.
    if (!isFirst && !isFull) return;
    // Another run beside it works as ever.
    const damaged = here.run();
    const fresh = await here.forge(['apply', '--json']);
    assert.equal(fresh.code, 0, fresh.stderr);
    const listed = await here.forge(['ls']);
    assert.equal(listed.code, 0, listed.stderr);
    assert.match(listed.stdout, new RegExp(`${damaged} +damaged`));
    assert.match(listed.stdout, /merged/);
    const cleaned = await here.forge(['clean']);
    assert.equal(cleaned.code, 0, cleaned.stderr);
    assert.match(cleaned.stdout, /removed/);
    assert.match(cleaned.stdout, new RegExp(`kept +${damaged}: .*damaged`));
    // Repaired, nothing is lost.
    writeFileSync(journal, whole);
    assert.equal((await here.forge(['status'])).code, 0);
    writeFileSync(journal, damage(whole));
    assert.equal((await here.forge(['clean', damaged])).code, 0);
    assert.equal(existsSync(dir), false);
  });
}

test('a torn last line of the journal is left out, and the run goes on', async (t) => {
  const { here, dir } = await waiting(t);
  appendFileSync(join(dir, 'journal.ndjson'), '{"v":1,"seq":99,"type":"merge.fini');
  assert.equal((await here.forge(['status'])).code, 0);
  assert.equal((await here.forge(['ls'])).code, 0);
  const merged = await here.forge(['merge']);
  assert.equal(merged.code, 0, merged.stderr);
  assert.equal(here.read('two.txt'), 'one\n');
  assert.equal((await here.forge(['status'])).code, 0);
});

test('content that was altered or lost after it was collected is never merged', async (t) => {
  const { here, dir, before } = await waiting(t);
  const blobs = join(dir, 'tasks/one/changeset/blobs');
  const blob = readdirSync(blobs).find((name) => readFileSync(join(blobs, name), 'utf8') === 'one\n')!;
  writeFileSync(join(blobs, blob), 'ONE\n');
  await refuses(here, ['merge'], /one\.txt.*damaged|damaged.*one\.txt/);
  truncateSync(join(blobs, blob), 2);
  await refuses(here, ['merge'], /one\.txt|blob/);
  rmSync(join(blobs, blob));
  await refuses(here, ['merge'], /one\.txt|blob/);
  assert.deepEqual(here.tree(), before);
  // The way out: the damaged task alone is run again.
  const again = await here.forge(['resume', '-B', '--json']);
  assert.equal(again.code, 0, again.stderr);
  assert.equal(here.read('one.txt'), 'one\n');
});

test('content that was altered is found where the merge is three-way, too', async (t) => {
  const { here, dir } = await waiting(t);
  here.write({ 'both.txt': BOTH.replace('one', 'ONE') });
  const blobs = join(dir, 'tasks/one/changeset/blobs');
  const blob = readdirSync(blobs).find((name) => readFileSync(join(blobs, name), 'utf8').includes('SEVEN'))!;
  writeFileSync(join(blobs, blob), readFileSync(join(blobs, blob), 'utf8').replace('SEVEN', 'EVIL!'));
  await refuses(here, ['merge'], /both\.txt.*damaged|damaged.*both\.txt/);
});

test('parts of a run folder that are gone or damaged are named; nothing is touched', async (t) => {
  const { here, dir } = await waiting(t);
  for (const [part, what] of [
    ['base/base.json', /base\.json/],
    ['request.json', /request\.json/],
    ['forge.plan.yaml', /forge\.plan\.yaml/],
    ['tasks/one/changeset/manifest.json', /manifest\.json/],
  ] as const) {
    const file = join(dir, part);
    copyFileSync(file, `${dir}.kept`);
    rmSync(file);
    await refuses(here, ['merge'], what);
    writeFileSync(file, '{"v":1');
    await refuses(
      here,
      ['merge'],
      part === 'forge.plan.yaml' ? /plan of run/ : what,
      part === 'forge.plan.yaml' ? 2 : 1,
    );
    copyFileSync(`${dir}.kept`, file);
    rmSync(`${dir}.kept`);
  }
  renameSync(join(dir, 'tasks/one'), `${dir}.one`);
  await refuses(here, ['merge'], /one did not succeed|one/, 2);
  // Resuming does what is missing again.
  const resumed = await here.forge(['resume', '--json']);
  assert.equal(resumed.code, 0, resumed.stderr);
  assert.deepEqual(
    eventsOf(resumed.events, 'attempt.started').map(({ task }) => task),
    ['one', 'two'],
    'what was made from the lost result is made anew',
  );
  assert.equal(here.read('two.txt'), 'one\n');
});

test('a changeset that was edited to write outside the tree, into .git or .forge is refused', async (t) => {
  const { here, dir } = await waiting(t);
  const manifest = join(dir, 'tasks/one/changeset/manifest.json');
  const whole = readFileSync(manifest, 'utf8');
  for (const path of [
    '../out.txt',
    '/tmp/forge-out.txt',
    '.git/hooks/post-commit',
    'a/.GIT/config',
    '.forge/lock',
    'a//b',
    './x',
  ]) {
    writeFileSync(manifest, whole.replace('"one.txt"', JSON.stringify(path)));
    await refuses(here, ['merge'], /never writes|makes no sense/);
  }
  assert.equal(existsSync(here.path('../out.txt')), false);
});

test('a lock or merge marker that is garbage: taken for nobody’s, or named', async (t) => {
  const { here } = await waiting(t);
  for (const garbage of ['', 'x', '{}', '{"process":{"pid":0}}', '{"pid":"1"}', '[]', '\0\0\0\0']) {
    writeFileSync(here.path('.forge/lock'), garbage);
    const result = await here.forge(['resume', '--no-merge']);
    assert.equal(result.code, 0, `${JSON.stringify(garbage)}: ${result.stderr}`);
    assert.equal(existsSync(here.path('.forge/lock')), false);
  }
  for (const garbage of ['', 'x', '{}', '[]', 'null', '{"state":"committed"}']) {
    writeFileSync(here.path('.forge/merging'), garbage);
    await refuses(here, ['status'], /merging.*damaged|damaged.*merging/);
    rmSync(here.path('.forge/merging'));
  }
  assert.equal((await here.forge(['status'])).code, 0);
});

test('a plan behind a symlink works on the tree that the link’s own folder belongs to', async (t) => {
  const here = project(t, {
    'plans/real.yaml': PLAN.replace('version: 1', 'version: 1\nroot: ..'),
    'both.txt': BOTH,
  });
  symlinkSync('plans/real.yaml', here.path('linked.yaml'));
  const result = await here.forge(['check', 'linked.yaml', '--json']);
  assert.ok(result.code === 0 || result.code === 2, result.stderr);
  assert.doesNotMatch(result.stderr, /\n\s+at /);
});

for (const backend of ['overlay', 'copy']) {
  test(`${backend}: what a task does to .forge, to the plan and to forge's own names stays with the task`, async (t) => {
    const here = project(t, {
      'forge.plan.yaml': `
version: 1
tasks:
  evil:
    run: |
      rm -rf .forge; mkdir -p .forge/runs/fake; echo '{}' > .forge/lock; echo committed > .forge/merging
      echo 'version: 1' > mine/forge.plan.yaml; echo x > mine/.forge-run-1
      mkdir -p mine/.forge/runs; echo y > mine/.forge/runs/z; echo y > mine/journal.ndjson
    owns: [mine/**]
  after: { run: 'ls -a mine > list.txt', owns: [list.txt], needs: [evil] }
`,
      'mine/x': 'x',
    });
    const result = await here.forge(['apply', '--json', '--backend', backend]);
    assert.equal(result.code, 0, result.stderr);
    assert.equal(readdirSync(here.path('.forge/runs')).length, 1);
    assert.equal(existsSync(here.path('.forge/merging')), false);
    assert.equal(here.read('mine/forge.plan.yaml'), 'version: 1\n');
    assert.equal(here.read('mine/.forge-run-1'), 'x\n');
    // Nobody's to leave behind, at any depth: left out and counted (the top one is forge's own and is not).
    assert.equal(existsSync(here.path('mine/.forge')), false);
    assert.equal(eventsOf(result.events, 'task.finished').find(({ task }) => task === 'evil')?.dropped, 1);
    assert.doesNotMatch(here.read('list.txt'), /^\.forge$/m);
    assert.equal((await here.forge(['status'])).code, 0);
  });

  test(`${backend}: a task that rewrites the plan it was started from changes nothing about the run`, async (t) => {
    const here = project(t, {
      'forge.plan.yaml': `
version: 1
tasks:
  rewrite: { run: 'echo "tasks: {evil: {run: true}}" > forge.plan.yaml; exit 0', owns: [forge.plan.yaml] }
  fails: { run: 'test -e "$ALLOWED" && echo fine > fine', owns: [fine], needs: [rewrite] }
`,
    });
    const env = { ALLOWED: `${here.state}.allowed` };
    assert.equal((await here.forge(['apply', '--backend', backend], { env })).code, 1);
    here.write({ '../state.allowed': '', 'forge.plan.yaml': 'not a plan at all: [' });
    const resumed = await here.forge(['resume', '--json'], { env });
    assert.equal(resumed.code, 3, resumed.stdout + resumed.stderr);
    assert.equal(here.read('forge.plan.yaml'), 'not a plan at all: [');
  });
}

test('a project that was copied with its runs never merges into the one it was copied from', async (t) => {
  const { here, before } = await waiting(t);
  const copy = join(here.dir, '../copy');
  cpSync(here.dir, copy, { recursive: true });
  for (const command of ['merge', 'resume']) {
    const result = await here.forge([command], { cwd: copy });
    assert.equal(result.code, 2, result.stdout);
    assert.match(result.stderr, /moved or copied/);
  }
  assert.deepEqual(here.tree(), before);
  assert.equal((await here.forge(['merge'])).code, 0);
  assert.equal(existsSync(join(copy, 'one.txt')), false);
});

test('-B forgets what earlier sessions of the run made, also when it is killed itself', async (t) => {
  const home = await Home.open(t);
  const here = project(t, {
    'forge.plan.yaml': `
version: 1
tasks:
  one: { run: 'cat "$VALUE" > one.txt', owns: [one.txt] }
  two: { run: 'test ! -e "$VALUE.wait" || ${home.command('two')}; cat one.txt "$VALUE" > two.txt', owns: [two.txt], needs: [one] }
`,
  });
  const value = join(here.dir, '../value');
  const env = { VALUE: value };
  writeFileSync(value, 'first\n');
  assert.equal((await here.forge(['apply', '--no-merge'], { env })).code, 0);
  writeFileSync(value, 'second\n');
  writeFileSync(`${value}.wait`, '');
  let forge: ChildProcess | undefined;
  const again = here.forge(['resume', '-B'], {
    env,
    started: (child) => {
      forge = child;
    },
  });
  await home.called('two');
  forge!.kill('SIGKILL');
  await again;
  rmSync(`${value}.wait`);
  const resumed = await here.forge(['resume'], { env });
  assert.equal(resumed.code, 0, resumed.stderr);
  assert.equal(here.read('two.txt'), 'second\nsecond\n');
});
