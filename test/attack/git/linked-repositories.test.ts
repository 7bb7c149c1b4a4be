import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { BACKENDS, environment, type Project, project } from '../../rig/project.js';
import { snapshot } from '../../workspace/snapshot.js';

const PLAN = `version: 1\ntasks:\n  a: { run: 'echo hi > out.txt', owns: ['**'] }\n`;

/** A repository with one commit. */
function repository(dir: string): void {
  mkdirSync(dir, { recursive: true });
  const sh = 'git init -q -b main; echo f > f; git add f; git commit -qm f';
  execFileSync('sh', ['-ec', sh], { cwd: dir, env: environment() });
}

/** The repository at `from` as a submodule of the project. */
function addSubmodule(here: Project, from: string, at: string): void {
  here.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', from, at);
  here.commit('submodule');
}

/** What stands where git tracks something: how it got there, and what it leads to; both given absolute. */
const CASES: Readonly<Record<string, (here: Project, outside: string) => void>> = {
  'a tracked folder, now a link to a checkout': (here, outside) => {
    rmSync(here.path('vendor'), { recursive: true });
    symlinkSync(outside, here.path('vendor'));
  },
  'a tracked folder, now a relative link to a checkout': (here) => {
    rmSync(here.path('vendor'), { recursive: true });
    symlinkSync('../outside', here.path('vendor'));
  },
  'a tracked folder, now a link to what holds checkouts': (here, outside) => {
    rmSync(here.path('vendor'), { recursive: true });
    symlinkSync(dirname(outside), here.path('vendor'));
  },
  'a submodule, now a link to a checkout': (here, outside) => {
    addSubmodule(here, outside, 'sub');
    rmSync(here.path('sub'), { recursive: true });
    symlinkSync(outside, here.path('sub'));
  },
  'a folder with a submodule, now a link': (here, outside) => {
    addSubmodule(here, join(outside, 'x/y'), 'd/y');
    rmSync(here.path('d'), { recursive: true });
    symlinkSync(join(outside, 'x'), here.path('d'));
  },
  'a tracked folder, now a link to a worktree in the tree': (here) => {
    here.git('worktree', 'add', '-q', 'wt', '-b', 'wt');
    rmSync(here.path('vendor'), { recursive: true });
    symlinkSync(here.path('wt'), here.path('vendor'));
  },
};

for (const backend of BACKENDS) {
  for (const [name, arrange] of Object.entries(CASES)) {
    test(`${backend}: ${name}: what the link leads to stays as it is`, async (t) => {
      const here = project(t, { 'vendor/c': 'c\n', 'forge.plan.yaml': PLAN });
      const outside = join(here.dir, '../outside');
      for (const dir of ['', 'x/y', 'x/y/z']) repository(join(outside, dir));
      arrange(here, outside);
      const everything = () => [
        ...snapshot(outside),
        ...snapshot(here.dir, { without: ['.forge', 'out.txt'] }),
      ];
      const before = everything();
      const result = await here.forge(['apply', '--yes', '--backend', backend]);
      assert.equal(result.code, 0, result.stdout + result.stderr);
      assert.equal(here.read('out.txt'), 'hi\n');
      assert.deepEqual(everything(), before);
      assert.deepEqual(here.scratch(), []);
      assert.deepEqual(readdirSync(dirname(here.dir)).sort(), ['outside', 'project', 'state']);
    });
  }

  for (const [name, put] of [
    ['a file', (path: string) => writeFileSync(path, 'mine\n')],
    ['a link to itself', (path: string) => symlinkSync('sub', path)],
    ['nothing', () => undefined],
  ] as const) {
    test(`${backend}: where a submodule was there is ${name}: the run goes on`, async (t) => {
      const here = project(t, { 'forge.plan.yaml': PLAN });
      const outside = join(here.dir, '../outside');
      repository(outside);
      addSubmodule(here, outside, 'sub');
      renameSync(here.path('sub'), join(outside, 'sub'));
      put(here.path('sub'));
      const before = snapshot(here.dir, { without: ['.forge', '.git', 'out.txt'] });
      const result = await here.forge(['apply', '--yes', '--backend', backend]);
      assert.equal(result.code, 0, result.stdout + result.stderr);
      assert.deepEqual(snapshot(here.dir, { without: ['.forge', '.git', 'out.txt'] }), before);
    });
  }
}

test('a file in the place of a submodule is what a task starts from, and is kept when both change it', async (t) => {
  const here = project(t, {
    'forge.plan.yaml': `version: 1\ntasks:\n  a: { run: 'cat sub >> seen; echo theirs > sub; echo mine > "$REAL/sub"', owns: [sub, seen] }\n`,
  });
  const outside = join(here.dir, '../outside');
  repository(outside);
  addSubmodule(here, outside, 'sub');
  rmSync(here.path('sub'), { recursive: true });
  writeFileSync(here.path('sub'), 'first\n');
  const result = await here.forge(['apply', '--yes', '--backend', 'copy'], {
    env: { REAL: here.dir, FORGE_ISOLATION: 'none' },
  });
  assert.equal(result.code, 3, result.stdout + result.stderr);
  assert.equal(here.read('sub'), 'mine\n');
});
