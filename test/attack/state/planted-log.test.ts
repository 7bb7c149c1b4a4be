import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { type Project, project } from '../../rig/project.js';

const PLANTS: Record<string, (log: string, here: Project) => string> = {
  'a FIFO in its place': (log) => {
    rmSync(log);
    execFileSync('mkfifo', [log]);
    return log;
  },
  'a symlink to a secret in its place': (log, here) => {
    rmSync(log);
    symlinkSync(join(here.dir, '../secret'), log);
    return log;
  },
  'a folder in its place': (log) => {
    rmSync(log);
    mkdirSync(log);
    return log;
  },
  'its folder a symlink that leads out': (log, here) => {
    renameSync(dirname(log), `${dirname(log)}.old`);
    symlinkSync(join(here.dir, '..'), dirname(log));
    return join(dirname(log), 'secret');
  },
  'a journal that names a file elsewhere': (_, here) => join(here.dir, '../secret'),
  'a journal that names a relative way out': (log) => `${dirname(log)}/../../../../../../secret`,
  'a journal that names a file of the tree': (_, here) => here.path('tree.txt'),
  'a journal that names a device': () => '/dev/zero',
  'a journal with terminal sequences': () => '/nowhere/\u001b[31m\u009b2J',
  'a journal that names no path': () => '\u0000',
};

for (const [name, plant] of Object.entries(PLANTS)) {
  test(`logs: ${name} is named and skipped`, { timeout: 120_000 }, async (t) => {
    const here = project(t, {
      'tree.txt': 'SECRET\n',
      'forge.plan.yaml': `version: 1\ntasks:\n  one: { run: 'echo said; test -e "$OK"', owns: [one.txt], retries: 1 }\n`,
    });
    writeFileSync(join(here.dir, '../secret'), 'SECRET\n');
    assert.equal((await here.forge(['apply'])).code, 1);
    const dir = here.path(`.forge/runs/${here.run()}`);
    const log = join(dir, 'tasks/one/attempt-2/output.log');
    const planted = plant(log, here);
    const journal = join(dir, 'journal.ndjson');
    const text = readFileSync(journal, 'utf8');
    writeFileSync(journal, text.replaceAll(JSON.stringify(log), JSON.stringify(planted)));
    const result = await here.forge(['logs', 'one', '--all']);
    assert.equal(result.code, 0, result.stderr);
    assert.equal(result.stdout, 'said\n', 'the other attempt is still shown, and nothing else');
    assert.match(result.stderr, /skipped .*: it is not a file of this run/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none of these may reach a terminal.
    assert.doesNotMatch(result.stderr, /[\u001b\u009b\u0000]/);
  });
}
