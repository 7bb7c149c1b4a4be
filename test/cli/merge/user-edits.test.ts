import assert from 'node:assert/strict';
import { existsSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { Home } from '../../rig/calling-home.js';
import { BACKENDS, eventsOf, type ForgeResult, type Project, project } from '../../rig/project.js';

const LINES = 'one\ntwo\nthree\nfour\nfive\nsix\nseven\n';

/** Runs a plan whose task changes `seven` in file.txt and creates new/made.txt, and the user's edit while it runs. */
async function editDuring(
  t: TestContext,
  backend: string,
  edit: (here: Project) => void,
  args: string[] = [],
): Promise<{ here: Project; result: ForgeResult }> {
  const home = await Home.open(t);
  const here = project(t, {
    'file.txt': LINES,
    'other.txt': 'other\n',
    'new/keep': '',
    'forge.plan.yaml': `
version: 1
tasks:
  edit:
    run: "sed -i 's/seven/SEVEN/' file.txt && echo made > new/made.txt && ${home.command('done').replaceAll('"', '\\"')}"
    owns: [file.txt, new/**]
gates: [{ name: seven, run: grep SEVEN file.txt }]
`,
  });
  const running = here.forge(['apply', '--json', '--backend', backend, ...args]);
  const caller = await home.called('done');
  edit(here);
  caller.end();
  return { here, result: await running };
}

for (const backend of BACKENDS) {
  test(`${backend}: the user edits another file: both stay`, async (t) => {
    const { here, result } = await editDuring(t, backend, (p) =>
      p.write({ 'other.txt': 'mine\n', 'fresh.txt': 'f' }),
    );
    assert.equal(result.code, 0, result.stderr);
    assert.equal(here.read('file.txt'), LINES.replace('seven', 'SEVEN'));
    assert.equal(here.read('other.txt'), 'mine\n');
    assert.equal(here.read('fresh.txt'), 'f');
  });

  test(`${backend}: the user edits another part of the same file: merged three-way, and the gates saw it`, async (t) => {
    const { here, result } = await editDuring(t, backend, (p) =>
      p.write({ 'file.txt': LINES.replace('one', 'ONE') }),
    );
    assert.equal(result.code, 0, result.stderr);
    assert.equal(here.read('file.txt'), LINES.replace('one', 'ONE').replace('seven', 'SEVEN'));
  });

  test(`${backend}: the user edits the same line: refused with exit 3, nothing touched, forge merge works later`, async (t) => {
    const { here, result } = await editDuring(t, backend, (p) =>
      p.write({ 'file.txt': LINES.replace('seven', '7') }),
    );
    assert.equal(result.code, 3, result.stderr);
    assert.equal(here.read('file.txt'), LINES.replace('seven', '7'));
    assert.equal(existsSync(here.path('new/made.txt')), false);
    const finished = eventsOf(result.events, 'merge.finished')[0];
    assert.deepEqual([finished?.state, finished?.paths], ['refused', ['file.txt']]);
    assert.equal((await here.forge(['merge'])).code, 3);
    here.write({ 'file.txt': LINES });
    const merged = await here.forge(['merge']);
    assert.equal(merged.code, 0, merged.stderr);
    assert.equal(here.read('file.txt'), LINES.replace('seven', 'SEVEN'));
    assert.equal(here.read('new/made.txt'), 'made\n');
  });

  test(`${backend}: the user makes the same change: nothing to do for it`, async (t) => {
    const { here, result } = await editDuring(t, backend, (p) =>
      p.write({ 'file.txt': LINES.replace('seven', 'SEVEN') }),
    );
    assert.equal(result.code, 0, result.stderr);
    assert.equal(here.read('new/made.txt'), 'made\n');
  });
}

const REFUSED: { name: string; edit: (here: Project) => void }[] = [
  { name: 'deletes a file the task changed', edit: (p) => rmSync(p.path('file.txt')) },
  {
    name: 'renames a file the task changed',
    edit: (p) => renameSync(p.path('file.txt'), p.path('moved.txt')),
  },
  { name: 'creates the file the task creates', edit: (p) => p.write({ 'new/made.txt': 'mine\n' }) },
  {
    name: 'swaps a folder for a symlink that leads out',
    edit: (p) => {
      rmSync(p.path('new'), { recursive: true });
      symlinkSync('..', p.path('new'));
    },
  },
];
for (const { name, edit } of REFUSED) {
  test(`the user ${name}: refused, nothing touched`, async (t) => {
    let before: unknown;
    const { here, result } = await editDuring(t, 'overlay', (p) => {
      edit(p);
      before = p.tree();
    });
    assert.equal(result.code, 3, result.stderr);
    assert.deepEqual(here.tree(), before);
    assert.equal(existsSync(here.path('../made.txt')), false);
  });
}

test('git operations in between: a commit and a checkout of other files do no harm', async (t) => {
  const { here, result } = await editDuring(t, 'overlay', (p) => {
    p.write({ 'other.txt': 'committed\n' });
    p.commit('meanwhile');
    p.git('checkout', '-qb', 'elsewhere');
  });
  assert.equal(result.code, 0, result.stderr);
  assert.equal(here.git('status', '--porcelain').trim(), 'M file.txt\n?? new/made.txt');
});
