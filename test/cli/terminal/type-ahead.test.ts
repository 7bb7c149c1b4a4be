import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { Home } from '../../rig/calling-home.js';
import { environment, FORGE, project } from '../../rig/project.js';
import { Terminal } from '../../rig/terminal.js';

for (const [what, keys] of [
  ['a whole line', 'yes\r'],
  ['a line without its end', 'yes'],
  ['several lines', '1\ryes\r'],
] as const) {
  test(`what was typed while tasks ran (${what}) is no answer to the question`, async (t) => {
    const home = await Home.open(t);
    const here = project(t, {
      'forge.plan.yaml': `version: 1\ntasks:\n  a: { run: '${home.command('a')}; echo x > a', owns: [a] }\n`,
    });
    const terminal = new Terminal([process.execPath, FORGE, 'apply'], {
      cwd: here.dir,
      env: { ...environment(), FORGE_STATE_DIR: here.state, NO_COLOR: '1' },
    });
    const task = await home.called('a');
    terminal.type(keys);
    await terminal.shows('yes');
    task.end();
    await terminal.shows('Ready to merge?');
    terminal.type('\r');
    await terminal.shows('Please answer 1, 2 or 3.');
    await terminal.shows('Ready to merge?');
    terminal.type('3\r');
    assert.equal(await terminal.ended(), 4, terminal.screen);
  });
}

test('Ctrl-C typed ahead is Ctrl-C', async (t) => {
  const home = await Home.open(t);
  const here = project(t, {
    'forge.plan.yaml': `version: 1\ntasks:\n  a: { run: '${home.command('a')}; echo x > a', owns: [a] }\n`,
  });
  const terminal = new Terminal([process.execPath, FORGE, 'apply'], {
    cwd: here.dir,
    env: { ...environment(), FORGE_STATE_DIR: here.state, NO_COLOR: '1' },
  });
  await home.called('a');
  terminal.type('yes\x03');
  assert.equal(await terminal.ended(), 130, terminal.screen);
});

test('forge init: what was typed before is no leave to overwrite a file', async (t) => {
  const here = project(t, { 'package.json': '{"name":"x"}\n' });
  assert.equal((await here.forge(['init', '--yes'])).code, 0);
  const mine = `${here.read('forge.plan.yaml')}# mine\n`;
  here.write({ 'forge.plan.yaml': mine });
  const gate = `${here.state}.gate`;
  execFileSync('mkfifo', [gate]);
  const terminal = new Terminal(
    ['sh', '-c', `echo type; cat "${gate}" > "${gate}.out"; exec "${process.execPath}" "${FORGE}" init`],
    { cwd: here.dir, env: { ...environment(), FORGE_STATE_DIR: here.state, NO_COLOR: '1' } },
  );
  await terminal.shows('type');
  terminal.type('all\rall');
  await terminal.shows('all');
  writeFileSync(gate, '');
  await terminal.shows('Overwrite it?');
  terminal.type('q\r');
  assert.equal(await terminal.ended(), 4, terminal.screen);
  assert.equal(here.read('forge.plan.yaml'), mine);
});
