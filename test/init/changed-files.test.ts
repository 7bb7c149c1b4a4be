import assert from 'node:assert/strict';
import { existsSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { environment, FORGE, type Project, project } from '../rig/project.js';
import { Terminal } from '../rig/terminal.js';

const PLAN = 'forge.plan.yaml';
const PERSONA = '.factory/droids/df-backend.md';

async function setUp(t: TestContext, files: Record<string, string> = {}): Promise<Project> {
  const here = project(t, { 'go.mod': 'module x\n', 'main.go': 'package main\n', ...files });
  const result = await here.forge(['init']);
  assert.equal(result.code, 0, result.stderr);
  return here;
}

function onTerminal(here: Project, ...args: string[]): Terminal {
  return new Terminal([process.execPath, FORGE, 'init', ...args], {
    cwd: here.dir,
    env: { ...environment(), FORGE_STATE_DIR: here.state },
  });
}

test('a changed file is kept and named where nobody can be asked; --force overwrites it', async (t) => {
  const here = await setUp(t);
  const installed = here.read(PERSONA);
  here.write({ [PERSONA]: `${installed}\nMine.\n` });
  const changed = here.tree();
  for (const flags of [[], ['--yes'], ['-q']]) {
    const result = await here.forge(['init', ...flags]);
    assert.equal(result.code, 0);
    assert.match(result.stderr, /kept \.factory\/droids\/df-backend\.md: it was changed/);
    assert.deepEqual(here.tree(), changed);
  }
  const forced = await here.forge(['init', '--force']);
  assert.equal(forced.code, 0, forced.stderr);
  assert.match(forced.stdout, /overwritten +\.factory\/droids\/df-backend\.md/);
  assert.equal(here.read(PERSONA), installed);
});

test('on a terminal each changed file is asked about; what was answered happens', async (t) => {
  const here = await setUp(t);
  const [plan, persona] = [here.read(PLAN), here.read(PERSONA)];
  here.write({ [PLAN]: `${plan}# mine\n`, [PERSONA]: `${persona}Mine.\n` });
  const terminal = onTerminal(here);
  await terminal.shows('forge.plan.yaml was changed, or is not from forge. Overwrite it?');
  terminal.type('n\r');
  await terminal.shows('df-backend.md was changed');
  terminal.type('what\r');
  await terminal.shows('df-backend.md was changed');
  terminal.type('y\r');
  assert.equal(await terminal.ended(), 0, terminal.screen);
  assert.equal(here.read(PLAN), `${plan}# mine\n`);
  assert.equal(here.read(PERSONA), persona);
});

for (const [name, keys, code] of [
  ['q', 'q\r', 4],
  ['Ctrl-D', '\x04', 4],
  ['Ctrl-C', '\x03', 130],
] as const) {
  test(`${name} at a question leaves everything as it was, exit ${code}`, async (t) => {
    const here = await setUp(t);
    here.write({ [PLAN]: '# mine\n' });
    rmSync(here.path(PERSONA));
    const before = here.tree();
    const terminal = onTerminal(here);
    await terminal.shows('Overwrite it?');
    terminal.type(keys);
    assert.equal(await terminal.ended(), code, terminal.screen);
    assert.deepEqual(here.tree(), before);
  });
}

test('what forge wrote and nobody changed follows the project; what was deleted comes back', async (t) => {
  const here = await setUp(t);
  here.write({ Makefile: 'test:\n\ttrue\n' });
  rmSync(here.path('.factory/commands/df.md'));
  const result = await here.forge(['init', '--json']);
  assert.equal(result.code, 0, result.stderr);
  const { files, gates } = JSON.parse(result.stdout) as {
    files: { path: string; action: string }[];
    gates: { run: string; from: string }[];
  };
  const actionOf = (path: string) => files.find((file) => file.path === path)?.action;
  assert.equal(actionOf(PLAN), 'update');
  assert.equal(actionOf('.factory/commands/df.md'), 'create');
  assert.equal(actionOf('.factory/commands/forge-start.md'), 'unchanged');
  assert.ok(gates.some(({ run, from }) => run === 'make test' && from === 'Makefile'));
  assert.match(here.read(PLAN), /run: "make test"/);
  const removed = await here.forge(['init', '--remove']);
  assert.equal(removed.stderr, '');
  assert.deepEqual(Object.keys(here.tree()).sort(), ['Makefile', 'go.mod', 'main.go']);
});

test('--remove keeps changed files, files of others and folders that hold them; --force takes the changed ones', async (t) => {
  const own = { '.factory/droids/reviewer.md': '---\nname: reviewer\n---\nReview.\n' };
  const here = await setUp(t, own);
  const installed = here.read(PLAN);
  here.write({ [PLAN]: `${installed}# mine\n` });
  const before = here.tree();
  const dry = await here.forge(['init', '--remove', '--dry-run']);
  assert.match(dry.stdout, /would remove \.factory\/commands\/df\.md/);
  assert.deepEqual(here.tree(), before);
  const removed = await here.forge(['init', '--remove']);
  assert.equal(removed.code, 0);
  assert.match(removed.stderr, /kept forge\.plan\.yaml: it was changed since forge wrote it/);
  assert.deepEqual(Object.keys(here.tree()).sort(), [
    '.factory/',
    '.factory/droids/',
    '.factory/droids/reviewer.md',
    PLAN,
    'go.mod',
    'main.go',
  ]);
  const again = await here.forge(['init', '--remove']);
  assert.equal(again.code, 0);
  assert.match(again.stdout, /forge init has put nothing here/);

  const other = await setUp(t);
  other.write({ [PLAN]: '# mine\n' });
  assert.equal((await other.forge(['init', '--remove', '--force'])).code, 0);
  assert.deepEqual(Object.keys(other.tree()).sort(), ['go.mod', 'main.go']);
});

test('files that were there before are kept, and stay when forge goes', async (t) => {
  const first = await setUp(t);
  const same = first.read('.factory/commands/df.md');
  const here = project(t, {
    [PERSONA]: 'My own.\n',
    '.factory/commands/df.md': same,
    'go.mod': 'module x\n',
    'main.go': 'package main\n',
  });
  const before = here.tree();
  const result = await here.forge(['init']);
  assert.equal(result.code, 0);
  assert.match(result.stderr, /kept \.factory\/droids\/df-backend\.md/);
  assert.equal(here.read(PERSONA), 'My own.\n');
  assert.equal((await here.forge(['init', '--remove'])).code, 0);
  assert.deepEqual(here.tree(), before);
});

test('a plan called .yml, and a plan that is a link, are left alone even by --force', async (t) => {
  const here = project(t, { 'forge.plan.yml': 'version: 1\ntasks: { a: { run: "true" } }\n' });
  const result = await here.forge(['init', '--force']);
  assert.equal(result.code, 0);
  assert.match(result.stderr, /kept forge\.plan\.yaml: there is forge\.plan\.yml/);
  assert.equal(existsSync(here.path(PLAN)), false);

  const linked = project(t, { 'plans/main.yaml': 'version: 1\ntasks: { a: { run: "true" } }\n' });
  symlinkSync('plans/main.yaml', linked.path(PLAN));
  const kept = await linked.forge(['init', '--force']);
  assert.match(kept.stderr, /kept forge\.plan\.yaml: it is a symbolic link/);
  assert.match(linked.read('plans/main.yaml'), /^version: 1\ntasks: \{ a/);
});

test('line ends that git changed are no change', async (t) => {
  const here = await setUp(t);
  here.write({ [PERSONA]: here.read(PERSONA).replaceAll('\n', '\r\n') });
  const result = await here.forge(['init']);
  assert.match(result.stdout, /nothing to do/);
  assert.equal(result.stderr.includes('kept'), false);
});

test('the schema that npm installed is used instead of a copy', async (t) => {
  const here = project(t, { 'node_modules/droidforge/schemas/forge.plan.schema.json': '{}' });
  assert.equal((await here.forge(['init'])).code, 0);
  assert.match(
    here.read(PLAN),
    /^# yaml-language-server: \$schema=node_modules\/droidforge\/schemas\/forge\.plan\.schema\.json\n/,
  );
  assert.equal(existsSync(here.path('.factory/forge.plan.schema.json')), false);
});

test('-C and a folder inside a repository lead to its root', async (t) => {
  const here = project(t, { 'deep/er/x.txt': '' });
  const result = await here.forge(['init', '-C', 'deep/er']);
  assert.equal(result.code, 0, result.stderr);
  assert.ok(existsSync(here.path(PLAN)));
  assert.equal(existsSync(here.path('deep/er/forge.plan.yaml')), false);
});

test('what a crash of init leaves is used up by the next one, and taken away with the rest', async (t) => {
  const fresh = { 'go.mod': 'module x\n' };
  const here = project(t, fresh);
  const before = here.tree();
  await here.forge(['init']);
  const installed = here.tree();
  // As after a SIGKILL between two renames: the record knows of everything, two files are still beside their places.
  const crash = () => {
    for (const [folder, name] of [
      ['.', PLAN],
      ['.factory/droids', 'df-doc.md'],
    ] as const)
      renameSync(here.path(`${folder}/${name}`), here.path(`${folder}/.${name}.forge-new`));
  };
  crash();
  assert.equal((await here.forge(['init'])).code, 0);
  assert.deepEqual(here.tree(), installed);
  crash();
  assert.equal((await here.forge(['init', '--remove'])).code, 0);
  assert.deepEqual(here.tree(), before);
});
