import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { agentNames } from '../../src/agents/index.js';
import { designSetup, type Setup } from '../../src/init/index.js';
import { readPlan } from '../../src/plan/index.js';
import { cases, SEED } from '../rig/effort.js';

/** Lays files out, looks at them, and checks the plan that comes of it. `files` are paths with contents. */
async function setUp(files: Readonly<Record<string, string>>, name = 'project'): Promise<Setup> {
  const top = realpathSync(mkdtempSync(join(tmpdir(), 'forge-detect-')));
  const dir = join(top, name);
  try {
    mkdirSync(dir);
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(dir, path)), { recursive: true });
      writeFileSync(join(dir, path), content);
    }
    const setup = await designSetup(dir);
    const plan = setup.files.find(({ path }) => path === 'forge.plan.yaml')!;
    const file = join(dir, plan.path);
    writeFileSync(file, plan.text);
    const result = await readPlan({ file, vars: {}, agents: agentNames });
    assert.deepEqual(result.ok ? result.warnings : result.diagnostics, [], plan.text);
    return setup;
  } finally {
    rmSync(top, { recursive: true });
  }
}

const gates = async (files: Readonly<Record<string, string>>) =>
  (await setUp(files)).gates.map(({ run }) => run);

const manifest = (scripts: Record<string, string>, more: object = {}) => JSON.stringify({ scripts, ...more });

test('the package manager is the one of the lock file, or the one that is named', async () => {
  const scripts = manifest({ test: 'node --test', build: 'tsc' });
  assert.deepEqual(await gates({ 'package.json': scripts }), ['npm test', 'npm run build']);
  for (const [lock, test, build] of [
    ['package-lock.json', 'npm test', 'npm run build'],
    ['yarn.lock', 'yarn test', 'yarn run build'],
    ['pnpm-lock.yaml', 'pnpm test', 'pnpm run build'],
    ['bun.lock', 'bun run test', 'bun run build'],
  ] as const)
    assert.deepEqual(await gates({ 'package.json': scripts, [lock]: '' }), [test, build]);
  const named = manifest({ test: 'x' }, { packageManager: 'pnpm@9.1.0' });
  assert.deepEqual(await gates({ 'package.json': named, 'yarn.lock': '' }), ['pnpm test']);
});

test('scripts that never end or do nothing are no gates', async () => {
  assert.deepEqual(
    await gates({
      'package.json': manifest({ test: 'echo "Error: no test specified" && exit 1', build: 'tsc --watch' }),
    }),
    [],
  );
  assert.deepEqual(
    await gates({ 'package.json': manifest({ test: 'jest --watchAll', 'test:unit': 'jest' }) }),
    ['npm run test:unit'],
  );
  assert.deepEqual(await gates({ 'package.json': manifest({ test: 'jest --watch=false' }) }), ['npm test']);
  assert.deepEqual(await gates({ 'package.json': manifest({ test: 'react-scripts test' }) }), [
    'CI=true npm test',
  ]);
});

test('tools without a script are called directly', async () => {
  const devDependencies = { vitest: '1', typescript: '5' };
  assert.deepEqual(
    await gates({ 'package.json': manifest({}, { devDependencies }), 'tsconfig.json': '{}' }),
    ['npx --no-install tsc --noEmit', 'npx --no-install vitest run'],
  );
});

test('a script of the root stands for its workspaces; a package outside has its own', async () => {
  const member = manifest({ test: 'x', lint: 'x' });
  const found = await gates({
    'package.json': manifest(
      { test: 'turbo test' },
      { workspaces: { packages: ['./packages/*', '!packages/old'] } },
    ),
    'yarn.lock': '',
    'packages/a/package.json': member,
    'packages/old/package.json': member,
    'packages/a/node_modules/dep/package.json': member,
  });
  assert.deepEqual(found, [
    'cd packages/a && yarn run lint',
    'cd packages/old && npm run lint',
    'yarn test',
    'cd packages/old && npm test',
  ]);
});

test('pnpm workspaces are read from their own file; one that is broken is named', async () => {
  const files = {
    'package.json': manifest({ test: 'x' }, { packageManager: 'pnpm@9' }),
    'pnpm-workspace.yaml': 'packages:\n  - libs/*\n',
    'libs/a/package.json': manifest({ test: 'x' }),
  };
  assert.deepEqual(await gates(files), ['pnpm test']);
  const { notes } = await setUp({ ...files, 'pnpm-workspace.yaml': 'packages: [' });
  assert.ok(
    notes.some((note) => note.startsWith('pnpm-workspace.yaml was left out')),
    notes.join(),
  );
});

test('a makefile stands for what has no script', async () => {
  const Makefile = 'test: build\n\tgo test ./...\nlint:\n\ttrue\n';
  assert.deepEqual(await gates({ Makefile, 'go.mod': 'module x\n' }), [
    'make lint',
    'make test',
    'go build ./...',
  ]);
  assert.deepEqual(await gates({ Makefile, 'package.json': manifest({ test: 'x' }) }), [
    'make lint',
    'npm test',
  ]);
});

test('Python: each way to run tests, lint and types', async () => {
  assert.deepEqual(await gates({ 'requirements.txt': 'django>=4\n', 'manage.py': '' }), [
    'python3 manage.py test',
  ]);
  assert.deepEqual(await gates({ 'setup.py': '', 'tox.ini': '[tox]\nenvlist = py\n[flake8]\n' }), [
    'flake8',
    'tox',
  ]);
  assert.deepEqual(await gates({ 'setup.py': '', 'tests/test_x.py': '' }), [
    'python3 -m unittest discover -s tests',
  ]);
  const poetry = '[tool.poetry]\nname="x"\n[tool.poetry.group.dev.dependencies]\npytest = "^8"\nruff = "*"\n';
  assert.deepEqual(await gates({ 'pyproject.toml': poetry }), [
    'poetry run ruff check .',
    'poetry run python -m pytest',
  ]);
  assert.deepEqual(await gates({ 'setup.cfg': '[mypy]\n', 'pytest.ini': '', 'ruff.toml': '' }), [
    'ruff check .',
    'mypy .',
    'python3 -m pytest',
  ]);
});

test('Go and Rust: a linter only where it is set up', async () => {
  assert.deepEqual(await gates({ 'go.mod': 'module x\n', '.golangci.yml': '' }), [
    'golangci-lint run',
    'go test ./...',
    'go build ./...',
  ]);
  assert.deepEqual(await gates({ 'Cargo.toml': '[package]\n' }), ['cargo test', 'cargo build']);
  assert.deepEqual(await gates({ 'Cargo.toml': '[package]\n', 'rustfmt.toml': '' }), [
    'cargo fmt --check',
    'cargo test',
    'cargo build',
  ]);
});

test('a program that is not there is named', async () => {
  const path = process.env.PATH;
  process.env.PATH = '/nonexistent';
  try {
    const { notes } = await setUp({ 'go.mod': 'module x\n' });
    assert.deepEqual(notes, ['go is not on PATH here: gates that call it fail until it is']);
  } finally {
    process.env.PATH = path;
  }
});

test('a frontend that has a server in it, and many packages', async () => {
  const next = JSON.stringify({ dependencies: { next: '14', react: '18' } });
  const { tasks } = await setUp({ 'package.json': next, 'app/page.tsx': '', 'app/api/route.ts': '' });
  assert.deepEqual(
    tasks.map(({ id, owns }) => [id, owns]),
    [
      ['frontend', ['app/**', 'package.json', '!app/**/*.test.*', '!app/api/**']],
      ['backend', ['app/api/**', '!app/**/*.test.*']],
      ['tests', ['test/**', 'app/**/*.test.*']],
      ['docs', ['*.md', 'docs/**']],
    ],
  );
  const many = Object.fromEntries(
    Array.from({ length: 12 }, (_, n) => [`packages/p${n}/package.json`, n % 3 === 0 ? next : '{}']),
  );
  const grouped = (await setUp({ 'package.json': '{"workspaces":["packages/*"]}', ...many })).tasks;
  assert.deepEqual(
    grouped.map(({ id }) => id),
    ['backend', 'frontend', 'tests', 'docs'],
  );
});

test('a project whose folder has an odd name', async () => {
  for (const name of ['a b', 'x\ny', '${{ vars.x }}', 'true', '42', "it's: #1", '…'])
    await setUp({ 'package.json': '{}', 'src/a.js': '' }, name);
});

test('whatever the tree, the plan is valid', async () => {
  const folder = fc.constantFrom(
    ...'src app web api docs test tests packages lib components e2e public pages server'.split(' '),
    ...[
      '(odd)',
      '[id]',
      'a b',
      '{a,b}',
      '!neg',
      '@scope',
      '+x',
      '-dash',
      "it's",
      '#hash',
      'x:y',
      '__tests__',
      '"q"',
      'Ünï',
    ],
  );
  const file = fc.constantFrom(
    ...'package.json go.mod Cargo.toml pyproject.toml index.ts x.test.ts x.spec.js test_x.py x_test.py x.py x_test.go'.split(
      ' ',
    ),
    ...'main.go lib.rs README.md index.html'.split(' '),
  );
  const contents: Readonly<Record<string, string>> = {
    'package.json': '{"scripts":{"test":"x"},"dependencies":{"react":"1"},"workspaces":["packages/*"]}',
    'go.mod': 'module x\n',
    'Cargo.toml': '[package]\n',
    'pyproject.toml': '[tool.pytest]\n[tool.ruff]\n',
  };
  const path = fc.tuple(fc.array(folder, { maxLength: 3 }), file);
  await fc.assert(
    fc.asyncProperty(fc.array(path, { maxLength: 14 }), async (paths) => {
      await setUp(
        Object.fromEntries(
          paths.map(([folders, name]) => [[...folders, name].join('/'), contents[name] ?? '']),
        ),
      );
    }),
    { numRuns: cases(40, 300), seed: SEED },
  );
});
