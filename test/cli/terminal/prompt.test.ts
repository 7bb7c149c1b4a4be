import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { environment, FORGE, type Project, project } from '../../rig/project.js';
import { Terminal } from '../../rig/terminal.js';

function onTerminal(t: TestContext): { here: Project; terminal: Terminal } {
  const here = project(t, {
    'forge.plan.yaml': `
version: 1
name: asked
tasks:
  a: { description: Write a, run: 'echo content-of-a > a', owns: [a] }
gates: [{ name: there, run: test -e a }]
`,
  });
  const terminal = new Terminal([process.execPath, FORGE, 'apply'], {
    cwd: here.dir,
    env: { ...environment(), FORGE_STATE_DIR: here.state, PAGER: 'cat', NO_COLOR: '1' },
  });
  return { here, terminal };
}

const QUESTION = 'Ready to merge?  1) Yes  2) Review changes  3) Abort';

test('on a terminal forge shows the table and asks; 1 merges', async (t) => {
  const { here, terminal } = onTerminal(t);
  await terminal.shows(QUESTION);
  assert.equal(existsSync(here.path('a')), false);
  terminal.type('1\r');
  assert.equal(await terminal.ended(), 0, terminal.screen);
  assert.equal(here.read('a'), 'content-of-a\n');
  assert.match(terminal.screen, /✓ a .*1 file/);
});

test('2 shows the changes and asks again; 3 declines with exit 4, and forge merge takes it up', async (t) => {
  const { here, terminal } = onTerminal(t);
  await terminal.shows(QUESTION);
  terminal.type('2\r');
  await terminal.shows('+content-of-a');
  await terminal.shows(QUESTION);
  terminal.type('what\r');
  await terminal.shows('Please answer 1, 2 or 3.');
  await terminal.shows(QUESTION);
  terminal.type('3\r');
  assert.equal(await terminal.ended(), 4, terminal.screen);
  assert.equal(existsSync(here.path('a')), false);
  assert.match(terminal.screen, /forge merge/);
  const merged = await here.forge(['merge']);
  assert.equal(merged.code, 0, merged.stderr);
  assert.equal(here.read('a'), 'content-of-a\n');
});

test('Ctrl-C at the question interrupts: exit 130, nothing merged', async (t) => {
  const { here, terminal } = onTerminal(t);
  await terminal.shows(QUESTION);
  terminal.type('\x03');
  assert.equal(await terminal.ended(), 130, terminal.screen);
  assert.equal(existsSync(here.path('a')), false);
});

test('Ctrl-D at the question declines', async (t) => {
  const { here, terminal } = onTerminal(t);
  await terminal.shows(QUESTION);
  terminal.type('\x04');
  assert.equal(await terminal.ended(), 4, terminal.screen);
  assert.equal(existsSync(here.path('a')), false);
});
