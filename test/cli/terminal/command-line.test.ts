import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { project } from '../../rig/project.js';

const WRONG: { args: string[]; message: RegExp }[] = [
  { args: ['aply'], message: /no command aply; did you mean `forge apply`\?/ },
  { args: ['--wersion'], message: /no flag --wersion/ },
  { args: ['apply', '--no-merg'], message: /no flag --no-merg; did you mean --no-merge\?/ },
  { args: ['apply', 'missing.yaml'], message: /no plan file missing\.yaml/ },
  { args: ['apply', '-f'], message: /-f/ },
  { args: ['apply', '-j', '0'], message: /-j 0: .*whole number/ },
  { args: ['apply', '-j', 'many'], message: /-j many/ },
  { args: ['apply', '--backend', 'magic'], message: /--backend magic: choose overlay, clone or copy/ },
  { args: ['apply', '--var', 'novalue'], message: /--var novalue: write it as --var name=value/ },
  { args: ['apply', '-q', '-v'], message: /-q and -v contradict/ },
  { args: ['-C', 'nowhere', 'apply'], message: /-C/ },
  { args: ['apply', '-C', 'nowhere'], message: /-C nowhere: no such file/ },
  { args: ['check', 'forge.plan.yaml', 'extra'], message: /extra is too much/ },
  { args: ['status'], message: /no runs are kept/ },
  { args: ['resume'], message: /no runs are kept/ },
  { args: ['logs'], message: /name a task/ },
];
for (const { args, message } of WRONG) {
  test(`forge ${args.join(' ')}: one clear line, exit 2, nothing written`, async (t) => {
    const here = project(t, { 'forge.plan.yaml': `version: 1\ntasks:\n  a: { run: 'true' }\n` });
    const result = await here.forge(args);
    assert.equal(result.code, 2, result.stderr);
    assert.match(result.stderr, message);
    assert.equal(result.stderr.trim().split('\n').length, 1, result.stderr);
    assert.equal(existsSync(here.path('.forge')), false);
  });
}

test('forge without words shows its commands and exits 2; --help exits 0; --version prints one line', async (t) => {
  const here = project(t);
  assert.equal((await here.forge([])).code, 2);
  const help = await here.forge(['--help']);
  assert.equal(help.code, 0);
  assert.match(help.stdout, /apply +run a plan/);
  assert.match((await here.forge(['apply', '--help'])).stdout, /-k, --keep-going/);
  assert.match((await here.forge(['--version'])).stdout, /^forge \d+\.\d+\.\d+\n$/);
});

test('-C and -f mean what they mean in make', async (t) => {
  const here = project(t, {
    'sub/other.yaml': `version: 1\nroot: .\ntasks:\n  a: { run: 'echo a > a', owns: [a] }\n`,
  });
  assert.equal((await here.forge(['-C', 'sub', 'check', '-f', 'other.yaml'])).code, 0);
  const result = await here.forge(['apply', '-C', 'sub', '-f', 'other.yaml']);
  assert.equal(result.code, 0, result.stderr);
  assert.equal(here.read('sub/a'), 'a\n');
});

test('there is no plan: says where it looked', async (t) => {
  const here = project(t);
  const result = await here.forge(['apply']);
  assert.equal(result.code, 2);
  assert.match(result.stderr, /there is no forge\.plan\.yaml or forge\.plan\.yml in /);
});

test('forge diff TASK means the task, also where a run’s id ends like its name', async (t) => {
  const tasks = [...'0123456789abcdef'].map(
    (id) => `  "${id}": { run: 'echo of-${id} > ${id}', owns: ["${id}"] }`,
  );
  const here = project(t, { 'forge.plan.yaml': `version: 1\ntasks:\n${tasks.join('\n')}\n` });
  assert.equal((await here.forge(['apply', '--no-merge'])).code, 0);
  const task = here.run().at(-1)!;
  const shown = (await here.forge(['diff', task])).stdout;
  assert.deepEqual(shown.match(/^\+of-.$/gm), [`+of-${task}`]);
  assert.equal((await here.forge(['diff', here.run()])).stdout.match(/^\+of-.$/gm)?.length, 16);
});
