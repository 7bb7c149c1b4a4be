import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { Grounds, SETTINGS, unavailable } from './grounds.js';

/** What a process prints that works with programs of its own first in PATH. */
function printed(grounds: Grounds, programs: string, body: string): string {
  mkdirSync(`${grounds.root}/.forge`);
  const program = `
    const { chooseBackend } = await import(${JSON.stringify(new URL('../../src/workspace/index.ts', import.meta.url).href)});
    const root = ${JSON.stringify(grounds.root)};
    const { backend, reason } = await chooseBackend({ root, runDir: root + '/.forge', runId: 'r' });
    ${body}`;
  return execFileSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
    env: { ...process.env, PATH: `${programs}:${process.env.PATH}`, FORGE_STATE_DIR: grounds.state },
    cwd: new URL('../..', import.meta.url).pathname,
    encoding: 'utf8',
    timeout: 60_000,
  });
}

const skip = unavailable(SETTINGS[0]!) || (process.platform === 'linux' ? false : 'Linux only');

test('a shell that does not tell an exit code from a signal is not asked', {
  skip: skip || (existsSync('/bin/bash') ? false : 'bash not found'),
}, (t) => {
  const grounds = new Grounds(SETTINGS[0]!);
  t.after(() => grounds.remove());
  const programs = `${grounds.dir}/programs`;
  mkdirSync(programs);
  symlinkSync('/bin/bash', `${programs}/sh`);
  const ends = printed(
    grounds,
    programs,
    `const workspace = await backend.open({ root, start: [], name: 'r.a.1' });
    for (const script of ['exit 137', 'kill -KILL $$']) {
      const running = workspace.spawn({ argv: ['/bin/sh', '-c', script], env: { PATH: '/bin:/usr/bin' } });
      running.stdout.resume();
      running.stderr.resume();
      const { exitCode, signal } = await running.ended;
      console.log(exitCode, signal);
    }
    await workspace.close();
    await backend.close();`,
  );
  assert.equal(ends, '137 null\nnull SIGKILL\n');
});

test('where namespaces can’t be made, the reason is what the system says', { skip }, (t) => {
  const grounds = new Grounds(SETTINGS[0]!);
  t.after(() => grounds.remove());
  const programs = `${grounds.dir}/programs`;
  mkdirSync(programs);
  writeFileSync(`${programs}/unshare`, '#!/bin/sh\necho unshare: not here >&2; exit 1\n', { mode: 0o755 });
  assert.match(printed(grounds, programs, 'console.log(reason);'), /no overlay: unshare: not here[;)]/);
});
