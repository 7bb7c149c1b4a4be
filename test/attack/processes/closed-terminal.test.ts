import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { test } from 'node:test';
import { readJournal } from '../../../src/journal/index.js';
import { Home } from '../../rig/calling-home.js';
import { environment, FORGE, type Project, project } from '../../rig/project.js';
import { Terminal } from '../../rig/terminal.js';

const STATE = (here: Project) => ({ ...environment(), FORGE_STATE_DIR: here.state, NO_COLOR: '1' });

/** How the journal of the only run ends. */
function ending(here: Project): object {
  const last = [...readJournal(here.path(`.forge/runs/${here.run()}/journal.ndjson`))].at(-1)!;
  return last.type === 'run.finished' ? { type: last.type, exitCode: last.exitCode } : { type: last.type };
}

for (const leader of [true, false]) {
  for (const flags of [[], ['-v'], ['--json']]) {
    test(`the terminal goes away (forge ${leader ? 'leads its session' : 'below a shell'}, ${flags.join() || 'live'}): tasks end in order, and so does forge`, async (t) => {
      const home = await Home.open(t);
      const here = project(t, {
        'forge.plan.yaml': `
version: 1
tasks:
  a: { run: 'trap "" TERM; ${home.command('a')}; echo got-term > term; ${home.command('again')}', owns: [term] }
`,
      });
      const terminal = new Terminal([process.execPath, FORGE, 'apply', ...flags], {
        cwd: here.dir,
        env: STATE(here),
        leader,
      });
      await home.called('a');
      terminal.hangUp();
      // SIGTERM ended the first command; the shell ignores it and goes on within the grace period.
      (await home.called('again')).end();
      const code = await terminal.over();
      assert.deepEqual(ending(here), { type: 'run.finished', exitCode: 143 });
      if (!leader) assert.equal(code, '143');
      await home.allGone();
      const diff = await here.forge(['diff', 'a']);
      assert.match(diff.stdout, /^\+got-term$/m, 'what it had done is kept');
    });
  }
}

test('the terminal goes away at the question: nothing is merged', async (t) => {
  for (const leader of [true, false]) {
    const here = project(t, {
      'forge.plan.yaml': `version: 1\ntasks:\n  a: { run: 'echo x > a', owns: [a] }\n`,
    });
    const terminal = new Terminal([process.execPath, FORGE, 'apply'], {
      cwd: here.dir,
      env: STATE(here),
      leader,
    });
    await terminal.shows('Ready to merge?');
    terminal.hangUp();
    const code = await terminal.over();
    assert.deepEqual(ending(here), { type: 'run.finished', exitCode: 143 });
    if (!leader) assert.equal(code, '143');
    assert.equal((await here.forge(['merge'])).code, 0);
    assert.equal(here.read('a'), 'x\n');
  }
});

test('a second SIGHUP is not the second Ctrl-C', async (t) => {
  const home = await Home.open(t);
  const here = project(t, {
    'forge.plan.yaml': `version: 1\ntasks:\n  a: { run: 'trap "" TERM; ${home.command('a')}; ${home.command('again')}' }\n`,
  });
  let forge: ChildProcess | undefined;
  const running = here.forge(['apply', '--json'], {
    started: (child) => {
      forge = child;
    },
  });
  await home.called('a');
  forge!.kill('SIGHUP');
  // SIGTERM ended the first command; the shell ignores it and goes on, so forge is in its grace period now.
  const again = await home.called('again');
  forge!.kill('SIGHUP');
  forge!.kill('SIGHUP');
  again.end();
  const result = await running;
  assert.deepEqual([result.code, result.signal], [143, null]);
  assert.deepEqual(ending(here), { type: 'run.finished', exitCode: 143 });
});
