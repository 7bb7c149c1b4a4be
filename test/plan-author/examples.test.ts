import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readPersona } from '../../src/agents/index.js';
import { openOfflineDroid } from '../rig/droid/offline-droid.js';
import { scriptMarker } from '../rig/droid/script.js';
import { environment, eventsOf, FORGE, type Project, project } from '../rig/project.js';
import { jwtAuthScripts } from './jwt-auth-scripts.js';

const PLANS = fileURLToPath(new URL('../../plans', import.meta.url));
const TSC = fileURLToPath(new URL('../../node_modules/.bin/tsc', import.meta.url));
const skip =
  process.env.FORGE_TEST_DROID === '1'
    ? false
    : 'set FORGE_TEST_DROID=1 to run the real droid binary (a 300 MB download, Linux with network namespaces)';

/** Shows the summary in the test's report, and gives it. */
function summaryOf(t: TestContext, stdout: string): string {
  const line = stdout.split('\n').find((each) => /^\d+ tasks, /.test(each)) ?? '';
  t.diagnostic(line);
  return line;
}

/** The 247 files, committed. */
function sample(t: TestContext): Project {
  const here = project(t, {}, { name: 'shop' });
  execFileSync(process.execPath, [`${PLANS}/js-to-ts/make-sample.mjs`, here.dir]);
  here.commit();
  return here;
}

const files = (here: Project, ending: string) =>
  readdirSync(here.path('src'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith(ending),
  );

test('js-to-ts: 247 files, five workers', { timeout: 120_000 }, async (t) => {
  const here = sample(t);
  const names = files(here, '.js').map((name) => name.replace(/\.js$/, '.ts'));
  assert.equal(names.length, 247);
  const result = await here.forge(['apply', 'convert.plan.yaml', '--yes']);
  assert.equal(result.code, 0, result.stderr + result.stdout);
  assert.match(summaryOf(t, result.stdout), /^6 tasks, [\dm.]+s; one after another [\dm.]+s; [\d.]+x$/);
  assert.deepEqual([files(here, '.js'), files(here, '.ts').sort()], [[], names.sort()]);
  // Types and imports of all parts fit together.
  execFileSync(TSC, ['-p', here.dir]);
});

test('js-to-ts: progress is counted in files', { timeout: 120_000 }, async (t) => {
  const here = sample(t);
  for (const backend of ['overlay', 'copy']) {
    const { code, events, stderr } = await here.forge([
      ...['apply', 'convert.plan.yaml', '--json', '--no-merge', '--backend', backend],
    ]);
    assert.equal(code, 0, stderr);
    const totals = eventsOf(events, 'run.started')[0]!.tasks.map(({ filesTotal }) => filesTotal ?? 0);
    assert.equal(totals.length, 6);
    assert.equal(
      totals.reduce((sum, total) => sum + total),
      247,
    );
    assert.ok(Math.max(...totals.slice(0, 5)) - Math.min(...totals.slice(0, 5)) <= 9, `${totals}`);
    const progress = eventsOf(events, 'attempt.progress').filter(({ filesDone = 0 }) => filesDone > 0);
    assert.ok(progress.length > 0);
    for (const { task, filesDone } of progress)
      assert.ok(filesDone! <= totals[Number(task.split('.')[1]) - 1]!);
  }
});

test('js-to-ts: the plan for droids is valid and divides alike', async (t) => {
  const here = sample(t);
  const dry = JSON.parse((await here.forge(['apply', '-n', '--json'])).stdout);
  assert.deepEqual(
    dry.tasks.map(({ id, agent }: { id: string; agent: string }) => [id, agent]),
    [...[1, 2, 3, 4, 5].map((n) => [`migrate.${n}`, 'droid']), ['config', 'droid']],
  );
  assert.deepEqual(dry.forecast, { parallelMs: 25 * 60_000, serialMs: 128 * 60_000 });
  assert.match((await here.forge(['apply', '-n'])).stdout, /^about 25 min instead of 2 h$/m);
});

test('jwt-auth: the plan is valid, its personas are there, and the sample passes its own test', async (t) => {
  const here = project(t, {}, { name: 'app' });
  cpSync(`${PLANS}/jwt-auth`, here.dir, { recursive: true });
  const { tasks } = JSON.parse((await here.forge(['apply', '-n', '--json'])).stdout);
  assert.equal(tasks.length, 4);
  for (const { droid } of tasks) assert.equal((await readPersona(droid, here.dir)).name, droid);
  execFileSync(process.execPath, ['--test', 'tests/'], { cwd: here.dir, env: environment() });
});

test('jwt-auth: four real droids with their personas', { skip, timeout: 400_000 }, async (t) => {
  const here = project(t, {}, { name: 'app' });
  cpSync(`${PLANS}/jwt-auth`, here.dir, { recursive: true });
  let plan = here
    .read('forge.plan.yaml')
    .replace('{ auto: medium }', '{ auto: medium, model: "custom:stub" }');
  for (const task of Object.keys(jwtAuthScripts)) {
    const prompt = new RegExp(`(^ {2}${task}:\n(?: {4}.*\n)*? {4}prompt: \\|\n)`, 'm');
    assert.match(plan, prompt);
    plan = plan.replace(prompt, `$1      ${scriptMarker(task)}\n`);
  }
  writeFileSync(here.path('forge.plan.yaml'), plan);
  here.commit();
  const droid = await openOfflineDroid(jwtAuthScripts);
  t.after(() => droid.close());
  const [command, ...args] = droid.wrap([process.execPath, FORGE, 'apply', '--yes']);
  const { code, stdout, stderr } = await new Promise<{ code: number | null; stdout: string; stderr: string }>(
    (resolve) => {
      const env = { ...environment(), ...droid.env, FORGE_STATE_DIR: here.state };
      const child = execFile(command, args, { cwd: here.dir, env }, (_error, out, err) =>
        resolve({ code: child.exitCode, stdout: out, stderr: err }),
      );
    },
  );
  assert.equal(code, 0, stdout + stderr);
  assert.match(summaryOf(t, stdout), /^4 tasks, [\d.ms]+; one after another [\d.ms]+; [\d.]+x$/);
  assert.equal(
    here
      .git('status', '--porcelain', '-uall')
      .trim()
      .split('\n')
      .map((line) => line.trim())
      .sort()
      .join('\n'),
    [
      '?? docs/api/auth.md',
      '?? src/api/auth.js',
      '?? src/components/LoginForm.js',
      '?? src/components/SignupForm.js',
      '?? src/middleware/auth.js',
      '?? tests/auth.test.js',
      '?? tests/forms.test.js',
      'M docs/api/index.md',
      'M src/api/index.js',
      'M src/components/App.js',
    ].join('\n'),
  );
  assert.ok(existsSync(here.path('src/api/auth.js')));
  for (const [task, words] of [
    ['backend', 'You write server code'],
    ['tests', 'You write tests'],
  ] as const)
    assert.ok(droid.requests.find(({ script }) => script === task)?.system.includes(words), task);
});
