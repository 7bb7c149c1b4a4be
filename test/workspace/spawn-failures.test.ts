import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { test } from 'node:test';
import { Grounds, SETTINGS, unavailable } from './grounds.js';

/** Commands that Node or the kernel refuses at once, by an exception and not by an event. */
const REFUSED: [name: string, command: string][] = [
  ['a NUL in the command', `{ argv: ['sh', '-c', 'x\\0y'], env }`],
  ['a command of 140 kB', `{ argv: ['sh', '-c', 'true ' + 'x'.repeat(140_000)], env }`],
  ['a variable of 140 kB', `{ argv: ['sh', '-c', 'true'], env: { ...env, A: 'x'.repeat(140_000) } }`],
];

for (const [backend, isolation] of [
  ['overlay', ''],
  ['copy', 'none'],
] as const) {
  for (const [name, command] of REFUSED) {
    test(`${backend}${isolation && ' without namespaces'}, ${name}: told as an error, and the process ends by itself`, {
      skip: unavailable(SETTINGS[0]!),
    }, async (t) => {
      const grounds = new Grounds(SETTINGS[0]!);
      t.after(() => grounds.remove());
      mkdirSync(`${grounds.root}/.forge`);
      const program = `
        const { chooseBackend } = await import(${JSON.stringify(new URL('../../src/workspace/index.ts', import.meta.url).href)});
        const root = ${JSON.stringify(grounds.root)};
        const { backend } = await chooseBackend({ root, wanted: '${backend}', runDir: root + '/.forge', runId: 'r' });
        const workspace = await backend.open({ root, start: [], name: 'r.a.1' });
        const env = { PATH: process.env.PATH };
        const running = workspace.spawn(${command});
        running.stdout.resume();
        running.stderr.resume();
        const { error } = await running.ended;
        await workspace.endProcesses();
        await workspace.close();
        await backend.close();
        console.log(JSON.stringify(error?.message ?? null));`;
      const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
        env: { ...process.env, FORGE_STATE_DIR: grounds.state, FORGE_ISOLATION: isolation },
        stdio: ['ignore', 'pipe', 'inherit'],
        cwd: new URL('../..', import.meta.url).pathname,
      });
      let out = '';
      child.stdout.on('data', (chunk: Buffer) => {
        out += chunk.toString();
      });
      // Left to itself; the test's own time limit ends one that hangs.
      const code = await new Promise((done) => child.once('close', done));
      assert.equal(code, 0);
      assert.match(JSON.parse(out) as string, /NUL|longer than the system takes|128 KiB/);
    });
  }
}
