import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { BACKENDS, environment, eventsOf, FORGE, type Project, project } from '../../rig/project.js';

/** Names of the contents of changesets that are kept anywhere in the run's folder. */
function blobs(here: Project): string[] {
  const dir = here.path(`.forge/runs/${here.run()}`);
  return readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /changeset\/blobs\/./.test(name),
  );
}

function canTrace(): boolean {
  try {
    execFileSync('strace', ['-f', '-o', '/dev/null', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

for (const backend of BACKENDS) {
  test(`${backend}: of 501 files that git ignores and one real change, one content is stored`, async (t) => {
    const here = project(t, {
      '.gitignore': 'build/\nnode_modules/\n',
      'a.txt': 'a\n',
      'forge.plan.yaml': `
version: 1
tasks:
  a:
    run: 'mkdir build node_modules && for n in $(seq 500); do echo $n > build/$n; done; echo m > node_modules/m; echo new > a.txt'
    owns: [a.txt]
`,
    });
    const result = await here.forge(['apply', '--no-merge', '--json', '--backend', backend]);
    assert.equal(result.code, 0, result.stderr);
    const [finished] = eventsOf(result.events, 'task.finished');
    // The files, and the two folders they are in.
    assert.deepEqual([finished?.changes, finished?.dropped], [1, 503]);
    assert.equal(blobs(here).length, 1, blobs(here).slice(0, 5).join(' '));
    assert.equal((await here.forge(['merge'])).code, 0);
    assert.equal(here.read('a.txt'), 'new\n');
  });

  test(`${backend}: what a stray holds is not stored; what is owned is`, async (t) => {
    const here = project(t, {
      'forge.plan.yaml': `version: 1\ntasks:\n  a: { run: 'echo secret > stray; echo mine > own', owns: [own] }\n`,
    });
    const result = await here.forge(['apply', '--json', '--backend', backend]);
    assert.equal(result.code, 1, result.stderr);
    assert.deepEqual(eventsOf(result.events, 'attempt.finished')[0]?.strays, ['stray']);
    const stored = blobs(here).map((name) =>
      readFileSync(here.path(`.forge/runs/${here.run()}/${name}`), 'utf8'),
    );
    assert.deepEqual(stored, ['mine\n']);
    const diff = await here.forge(['diff', 'a']);
    assert.match(diff.stdout, /\+mine/, diff.stderr);
  });
}

test('each stored content is written through to the disk once', {
  skip: canTrace() ? false : 'strace is not there or not allowed',
}, (t) => {
  const here = project(t, {
    'forge.plan.yaml': `version: 1\ntasks:\n  a: { run: 'mkdir d && for n in $(seq 50); do echo $n > d/$n; done', owns: [d/**] }\n`,
  });
  const trace = join(here.dir, '../trace');
  execFileSync(
    'strace',
    ['-f', '-y', '-e', 'trace=fsync,fdatasync', '-o', trace, process.execPath, FORGE, 'apply', '--no-merge'],
    { cwd: here.dir, env: { ...environment(), FORGE_STATE_DIR: here.state }, stdio: 'ignore' },
  );
  const lines = readFileSync(trace, 'utf8').split('\n');
  const synced = (what: RegExp) => lines.filter((line) => /sync\(/.test(line) && what.test(line)).length;
  assert.equal(synced(/changeset\/blobs\/[0-9a-f]{64}>/), 50);
  assert.equal(synced(/changeset\/manifest\.json\.new>/), 1);
  assert.equal(existsSync(here.path('d')), false);
});
