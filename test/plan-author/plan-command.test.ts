import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { environment, FORGE, project } from '../rig/project.js';
import { Terminal } from '../rig/terminal.js';

const FILES = {
  'src/a/1.js': '',
  'src/a/2.js': '',
  'src/b/3.js': '',
  'prompt.md': 'Convert to TypeScript. Keep $' + '{{ github.token }}.\n',
};

test('forge plan --split writes a plan without a model, and replaces only what nobody edited', async (t) => {
  const here = project(t, FILES);
  const split = [
    'plan',
    '--split',
    'src/**/*.js',
    '--into',
    '2',
    '--prompt-file',
    'prompt.md',
    '--rename',
    '.js=.ts',
  ];
  const written = await here.forge([...split, '--name', 'migrate', 'To TypeScript']);
  assert.deepEqual([written.code, written.stderr], [0, '']);
  assert.equal(
    written.stdout,
    `migrate in ${here.dir}: 2 tasks, at most 4 at once
  migrate.1  droid
      2 files
      owns src/a/1.js, src/a/1.ts, src/a/2.js, src/a/2.ts
  migrate.2  droid
      1 file
      owns src/b/3.js, src/b/3.ts
no conflicts detected; wrote forge.plan.yaml
Next: forge apply
`,
  );
  const text = here.read('forge.plan.yaml');
  assert.equal(
    text.replace(/^# .*\n/, ''),
    `version: 1
name: migrate
goal: To TypeScript
tasks:
  migrate:
    split:
      files: src/**/*.js
      into: 2
      rename:
        .js: .ts
    owns:
      - \${{ split.owns }}
    prompt: |
      Convert to TypeScript. Keep $\${{ github.token }}.

      The files:
      \${{ split.files }}
`,
  );
  assert.equal((await here.forge(split)).code, 0, 'a plan as forge wrote it may be replaced');
  writeFileSync(here.path('forge.plan.yaml'), `${here.read('forge.plan.yaml')}# mine\n`);
  const refused = await here.forge(split);
  assert.equal(refused.code, 2);
  assert.equal(
    refused.stderr,
    'forge: forge.plan.yaml was edited, or is not from `forge plan`; --force replaces it, -o writes another file\n',
  );
  assert.match(here.read('forge.plan.yaml'), /# mine\n$/);
  assert.equal((await here.forge([...split, '-o', 'other.yaml'])).code, 0);
  assert.equal((await here.forge([...split, '--force'])).code, 0);
  assert.doesNotMatch(here.read('forge.plan.yaml'), /# mine/);
});

test('on a terminal it asks before it replaces an edited plan', async (t) => {
  const mine = 'version: 1\ntasks: { mine: { run: x } }\n';
  const here = project(t, { ...FILES, 'forge.plan.yaml': mine });
  for (const [answer, code] of [
    ['n', 4],
    ['y', 0],
  ] as const) {
    const args = ['plan', '--split', 'src/**/*.js', '--prompt-file', 'prompt.md'];
    const terminal = new Terminal([process.execPath, FORGE, ...args], { cwd: here.dir, env: environment() });
    await terminal.shows('Overwrite it?');
    terminal.type(`${answer}\r`);
    assert.equal(await terminal.ended(), code, terminal.screen);
    assert.equal(here.read('forge.plan.yaml') === mine, answer === 'n');
  }
});

test('the plan that init wrote may be replaced while it is untouched', async (t) => {
  const here = project(t, FILES);
  assert.equal((await here.forge(['init', '--yes'])).code, 0);
  const split = ['plan', '--split', 'src/**/*.js', '--prompt-file', 'prompt.md'];
  const written = await here.forge(split);
  assert.equal(written.code, 0, written.stderr);
  assert.match(
    here.read('forge.plan.yaml'),
    /^# yaml-language-server: \$schema=\.factory\/forge\.plan\.schema\.json\n/,
  );
});

test('a split of nothing: exit 2, the plan kept beside', async (t) => {
  const here = project(t, FILES);
  const result = await here.forge(['plan', '--json', '--split', '*.rb', '--prompt-file', 'prompt.md']);
  assert.equal(result.code, 2);
  const { ok, written, plan, diagnostics } = JSON.parse(result.stdout);
  assert.deepEqual([ok, written, plan], [false, false, here.path('forge.plan.rejected.yaml')]);
  assert.deepEqual(
    diagnostics.map(({ code, file, line }: Record<string, unknown>) => [code, file, line]),
    [['split-empty', plan, 6]],
  );
  assert.ok(existsSync(plan) && !existsSync(here.path('forge.plan.yaml')));
});

test('a run that goes on keeps its plan and its division of files', async (t) => {
  const here = project(t, {
    ...FILES,
    'forge.plan.yaml': `version: 1
tasks:
  migrate:
    split: { files: "src/**/*.js", into: 2, rename: { .js: .ts } }
    run: 'for f in \${{ split.files }}; do test "$f" != src/b/3.js || test -e /nowhere || exit \${{ vars.code }}; mv "$f" "\${f%.js}.ts"; done'
    owns: ["\${{ split.owns }}"]
vars: { code: 3 }
`,
  });
  const failed = await here.forge(['apply', '-k', '--json']);
  assert.equal(failed.code, 1, failed.stderr);
  // Files that are new meanwhile, and another plan, change nothing in what a run is.
  here.write({ 'src/a/0.js': '', 'forge.plan.yaml': 'version: 1\ntasks: { other: { run: "false" } }\n' });
  const request = JSON.parse(here.read(`.forge/runs/${here.run()}/request.json`));
  assert.deepEqual(request.splits, { migrate: [['src/a/1.js', 'src/a/2.js'], ['src/b/3.js']] });
  here.write({
    [`.forge/runs/${here.run()}/request.json`]: JSON.stringify({ ...request, vars: { code: '0' } }),
  });
  const resumed = await here.forge(['resume']);
  assert.equal(resumed.code, 0, resumed.stderr + resumed.stdout);
  const sessions = here
    .read(`.forge/runs/${here.run()}/journal.ndjson`)
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .filter(({ type }) => type === 'run.started');
  assert.deepEqual(
    sessions.map(({ tasks }) => tasks.map(({ filesTotal }: { filesTotal: number }) => filesTotal)),
    [
      [2, 1],
      [2, 1],
    ],
  );
  assert.ok(existsSync(here.path('src/a/1.ts')) && existsSync(here.path('src/a/0.js')));
});

test('what is wrong with the command line', async (t) => {
  const here = project(t, FILES);
  const wrong: [string[], RegExp][] = [
    [[], /say what the plan is for: `forge plan "Add user authentication"`/],
    [['x', '--goal-file', 'prompt.md'], /the goal is given twice/],
    [['--goal-file', 'nope.md'], /--goal-file nope\.md: there is no such file/],
    [['x', '--into', '3'], /--into needs --split/],
    [['--split', '*', '--into', '0', '--prompt-file', 'prompt.md'], /--into 0: the number of tasks/],
    [['--split', '*'], /--split needs --prompt-file/],
    [['--split', '*', '--prompt-file', 'prompt.md', '--rename', 'js'], /write the endings as \.js=\.ts/],
    [['x', '--agent', 'driod'], /there is no agent driod; known agents: .*droid/],
    [['x', '--agent', 'shell'], /there is no agent shell; known agents: droid/],
    [['x', '-o', 'no/where/plan.yaml'], /there is no folder .*no\/where for the plan/],
  ];
  for (const [args, message] of wrong) {
    const result = await here.forge(['plan', ...args]);
    assert.equal(result.code, 2, args.join(' '));
    assert.match(result.stderr, message);
  }
});
