import assert from 'node:assert/strict';
import { utimesSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { Home } from '../../rig/calling-home.js';
import { isFull } from '../../rig/effort.js';
import { BACKENDS, eventsOf, type ForgeResult, type Project, project } from '../../rig/project.js';

/** Ways to put new content with old times in the place of `$1`; none of them leaves anything else behind. */
const WRITERS: Record<string, string> = {
  'cp -p': 'echo FROM-TASK > $1.n; touch -d 2020-01-01 $1.n; cp -p $1.n $1; rm $1.n',
  mv: 'echo FROM-TASK > $1.n; touch -d 2020-01-01 $1.n; mv $1.n $1',
  tar: 'mkdir $1.d; echo FROM-TASK > $1.d/x; touch -d 2020-01-01 $1.d/x; tar cf $1.tar -C $1.d x; tar xf $1.tar -C ${1%/*}; rm -r $1.d $1.tar',
  'writing in place, times and size as before':
    'cp -p $1 $1.ref; printf TASK >$1; touch -r $1.ref $1; rm $1.ref',
};

const script = (writer: string, path: string) => `set -- ${path}; ${writer}`;

/** Runs one task, and lets the user do something while it waits. */
async function meanwhile(
  t: TestContext,
  backend: string,
  plan: (call: string) => { run: string; owns: string },
  user: (here: Project) => void,
): Promise<{ here: Project; result: ForgeResult }> {
  const home = await Home.open(t);
  const { run, owns } = plan(home.command('now'));
  const here = project(t, {
    '.gitignore': 'ignored/\n',
    'tracked/x': 'base',
    'forge.plan.yaml': `version: 1\ntasks:\n  a:\n    run: |\n      ${run}\n    owns: [${owns}]\n`,
  });
  here.write({ 'ignored/x': 'base' });
  const hourAgo = new Date(Date.now() - 3_600_000);
  for (const file of ['ignored/x', 'tracked/x']) utimesSync(here.path(file), hourAgo, hourAgo);
  const running = here.forge(['apply', '--json', '--backend', backend]);
  const caller = await home.called('now');
  user(here);
  caller.end();
  return { here, result: await running };
}

const touch = (file: string) => (here: Project) => utimesSync(here.path(file), new Date(), new Date());
const edit = (file: string) => (here: Project) => writeFileSync(here.path(file), 'by the user');

for (const backend of BACKENDS) {
  for (const [at, [name, writer]] of Object.entries(WRITERS).entries()) {
    for (const [n, [what, user, left]] of (
      [
        ['touches', touch('ignored/x'), 'base'],
        ['edits', edit('ignored/x'), 'by the user'],
      ] as const
    ).entries()) {
      for (const [m, [order, run]] of (
        [
          ['before', (call: string) => `${call}; ${script(writer, 'ignored/x')}`],
          ['after', (call: string) => `${script(writer, 'ignored/x')}; ${call}`],
        ] as const
      ).entries()) {
        // Each pair of the three is tried always.
        if ((at + n + m) % 2 === 1 && !isFull) continue;
        test(`${backend}: the user ${what} an ignored file ${order} a task replaces it by ${name}: not dropped in silence`, async (t) => {
          const { here, result } = await meanwhile(
            t,
            backend,
            (call) => ({ run: run(call), owns: 'ignored/**' }),
            user,
          );
          assert.equal(result.code, 3, result.stdout);
          assert.deepEqual(eventsOf(result.events, 'merge.finished')[0]?.paths, ['ignored/x']);
          assert.equal(here.read('ignored/x'), left);
        });
      }
    }
    test(`${backend}: new content with old times by ${name} in a tracked file is merged`, async (t) => {
      const { here, result } = await meanwhile(
        t,
        backend,
        (call) => ({ run: `${call}; ${script(writer, 'tracked/x')}`, owns: 'tracked/**' }),
        touch('tracked/x'),
      );
      assert.equal(result.code, 0, result.stdout + result.stderr);
      assert.match(here.read('tracked/x'), /TASK/);
    });
  }

  test(`${backend}: new content with old times outside what is owned is a stray, also where the user edits`, async (t) => {
    const { here, result } = await meanwhile(
      t,
      backend,
      (call) => ({ run: `${call}; ${script(WRITERS['cp -p']!, 'tracked/x')}`, owns: 'other/**' }),
      edit('tracked/x'),
    );
    assert.equal(result.code, 1, result.stdout);
    assert.deepEqual(eventsOf(result.events, 'attempt.finished')[0]?.strays, ['tracked/x']);
    assert.equal(here.read('tracked/x'), 'by the user');
  });

  test(`${backend}: a file that the task only opened and the user only touched is nobody's change`, async (t) => {
    const { here, result } = await meanwhile(
      t,
      backend,
      (call) => ({ run: `: >> ignored/x; ${call}; : >> ignored/x`, owns: 'ignored/**' }),
      touch('ignored/x'),
    );
    assert.equal(result.code, 0, result.stdout + result.stderr);
    assert.equal(eventsOf(result.events, 'task.finished')[0]?.changes, 0);
    assert.equal(here.read('ignored/x'), 'base');
  });
}
