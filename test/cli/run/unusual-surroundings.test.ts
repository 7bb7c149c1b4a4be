import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { environment, FORGE, type Project, project } from '../../rig/project.js';

const PLAN = `version: 1\ntasks:\n  a: { run: 'echo x > a', owns: [a] }\n`;

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a shell script with forge as `forge`. */
function shell(here: Project, script: string): Promise<Ended> {
  const defined = `forge() { "${process.execPath}" "${FORGE}" "$@"; }\n${script}`;
  const env = { ...environment(), FORGE_STATE_DIR: here.state };
  return new Promise((resolve) =>
    execFile('sh', ['-c', defined], { cwd: here.dir, env }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    ),
  );
}

function oneLine({ code, stdout, stderr }: Ended, expected: RegExp): void {
  assert.equal(code, 2, stderr);
  assert.equal(stdout, '');
  assert.match(stderr, expected);
  assert.equal(stderr.split('\n').length, 2, stderr);
}

for (const words of ['check', 'apply --yes', 'ls', 'status', 'init', 'clean', 'plan "a goal"']) {
  test(`forge ${words} where the current folder is gone: one clear line, exit 2`, async (t) => {
    const here = project(t, { 'sub/forge.plan.yaml': PLAN });
    const ended = await shell(here, `cd sub; rm -r ../sub; forge ${words}`);
    oneLine(ended, /^forge: the current folder is gone .*-C/);
  });
}

test('-C and --help work where the current folder is gone', async (t) => {
  const here = project(t, { 'sub/x': '', 'forge.plan.yaml': PLAN });
  const gone = 'cd sub; rm -r ../sub;';
  const there = await shell(here, `${gone} forge check -C "${here.dir}"`);
  assert.equal(there.code, 0, there.stderr);
  assert.equal((await shell(here, 'mkdir -p sub; cd sub; rm -r ../sub; forge check --help')).code, 0);
});

/** A project in a folder that is not UTF-8. */
function latin1(t: TestContext): { here: Project; bytes: Buffer } {
  const here = project(t, {}, { git: false });
  const bytes = Buffer.concat([Buffer.from(`${here.dir}/caf`), Buffer.from([0xe9])]);
  mkdirSync(bytes);
  writeFileSync(Buffer.concat([bytes, Buffer.from('/forge.plan.yaml')]), PLAN);
  t.after(() => rmSync(bytes, { recursive: true, force: true }));
  return { here, bytes };
}

test('a folder whose name is not UTF-8: forge says so, and not that there is no plan', async (t) => {
  const { here } = latin1(t);
  for (const words of ['check', 'apply --yes', 'ls', 'init', 'check forge.plan.yaml'])
    oneLine(await shell(here, `cd caf*; forge ${words}`), /^forge: the path of this folder is not UTF-8 \(/);
  oneLine(await shell(here, 'forge check caf*/forge.plan.yaml'), /no plan file .*only names that are UTF-8/);
});

test('a root that leads to a folder whose name is not UTF-8', async (t) => {
  const { here, bytes } = latin1(t);
  symlinkSync(bytes, here.path('link'));
  here.write({ 'forge.plan.yaml': `version: 1\nroot: link\ntasks:\n  a: { run: 'true' }\n` });
  const ended = await here.forge(['check']);
  assert.equal(ended.code, 2);
  assert.match(ended.stderr, /:2:7: error\[schema\]: `root`: .* is a path that is not UTF-8/);
});

test('words of the command line do not reach the terminal raw', async (t) => {
  const here = project(t, { 'forge.plan.yaml': PLAN });
  assert.equal((await here.forge(['apply', '--no-merge'])).code, 0);
  const word = '\x1b[31m\x9b1mx\u202e';
  const shown = '\\x1b[31m\\x9b1mx\\u202e';
  for (const args of [
    [word],
    [`--${word}`],
    ['apply', `--${word}`],
    ['check', 'forge.plan.yaml', word],
    ['check', `${word}.yaml`],
    ['check', '-C', word],
    ['apply', '--var', word],
    ['apply', word],
    ['apply', '-j', word],
    ['apply', '--backend', word],
    ['apply', '--junit', `${word}/x`],
    ['status', word],
    ['logs', word],
    ['diff', word],
    ['resume', word],
    ['abort', word],
    ['plan', 'goal', '--agent', word],
    ['plan', '--goal-file', word],
  ]) {
    const { code, stdout, stderr } = await here.forge(args);
    assert.equal(code, 2, `${args.join(' ')}: ${stderr}`);
    assert.ok(stderr.includes(shown), `${args.join(' ')}: ${JSON.stringify(stderr)}`);
    for (const raw of ['\x1b', '\x9b', '\u202e']) assert.ok(!(stdout + stderr).includes(raw), args.join(' '));
  }
});

test('--json escapes what a terminal would act on', async (t) => {
  const here = project(t, {
    'forge.plan.yaml': 'version: 1\ntasks:\n  "\x9bx\u202e": { run: "true" }\n',
    'good.yaml': 'version: 1\nname: "a\x9bx\u202e"\ntasks:\n  a: { run: "echo \x9b > a", owns: ["\x9b"] }\n',
    'package.json': '{"name":"x","scripts":{"test":"\x9b"}}',
  });
  for (const args of [
    ['check'],
    ['check', 'good.yaml'],
    ['apply', '-n', 'good.yaml'],
    ['apply', '--no-merge', 'good.yaml'],
    ['init', '-n'],
    ['plan', '--split', '*.yaml', '--into', '1', '--prompt-file', 'good.yaml', '-o', 'new\x9b.yaml', 'to'],
  ]) {
    const { stdout } = await here.forge([...args, '--json']);
    for (const raw of ['\x9b', '\u202e']) assert.ok(!stdout.includes(raw), args.join(' '));
    for (const line of stdout.trim().split('\n')) assert.doesNotThrow(() => JSON.parse(line), args.join(' '));
    assert.match(stdout, /\{/);
  }
});

test('--junit that cannot be written is found before anything starts', async (t) => {
  const here = project(t, { 'forge.plan.yaml': PLAN, file: '' });
  for (const [file, why] of [
    ['/nonexistent/x.xml', /there is no such folder/],
    ['file/x.xml', /what should be its folder is none/],
    ['.', /it is a folder/],
  ] as const) {
    const { code, stdout, stderr } = await here.forge(['apply', '--yes', '--junit', file]);
    assert.deepEqual([code, stdout], [2, ''], stderr);
    assert.match(stderr, why);
    assert.match(stderr, /^forge: --junit .*; nothing was started\n$/);
  }
  assert.equal(existsSync(here.path('.forge')), false);
  const fine = await here.forge(['apply', '--no-merge', '--junit', 'report.xml']);
  assert.equal(fine.code, 0, fine.stderr);
  assert.match(here.read('report.xml'), /<testsuite /);
  const missing = await here.forge(['merge', '--junit', '/nonexistent/x.xml']);
  assert.equal(missing.code, 2);
  assert.equal(existsSync(here.path('a')), false);
});

test('--junit that fails at the end all the same is a warning: the run is what it is', async (t) => {
  const here = project(t, {
    'forge.plan.yaml': `version: 1\ntasks:\n  a: { run: 'echo x > a; rm -r "$GONE"', owns: [a] }\n`,
  });
  const reports = `${here.state}.reports`;
  mkdirSync(reports);
  const ran = await here.forge(['apply', '--yes', '--junit', `${reports}/x.xml`], { env: { GONE: reports } });
  assert.equal(ran.code, 0, ran.stderr);
  assert.equal(here.read('a'), 'x\n');
  assert.match(
    ran.stderr,
    /^forge: --junit .*x\.xml: the report was not written: there is no such folder\n$/,
  );
});
