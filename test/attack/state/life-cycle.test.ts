import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Home } from '../../rig/calling-home.js';
import { environment, FORGE, type Project, project } from '../../rig/project.js';
import { stoppedAt } from '../../rig/stopped-at.js';
import { until } from '../../rig/until.js';

const COUNT = 300;
const PLAN = `
version: 1
tasks:
  a: { run: 'for f in d/*; do echo new > $f; done', owns: [d/**] }
`;

/** A project with many files, each of which the run replaces. */
function manyFiles(t: TestContext, count = COUNT): Project {
  const files = Array.from({ length: count }, (_, n) => [`d/${n}`, 'old\n']);
  return project(t, { 'forge.plan.yaml': PLAN, ...Object.fromEntries(files) });
}

const contents = (here: Project) =>
  new Set(readdirSync(here.path('d')).map((name) => here.read(`d/${name}`)));

for (const args of [['clean', '--all'], ['clean'], ['clean', 'RUN']]) {
  test(`forge ${args.join(' ')} leaves the run alone whose merge another forge is just finishing`, async (t) => {
    const here = manyFiles(t);
    const killed = await here.forge(['apply', '--yes'], { env: { FORGE_FAULT: 'merge-committed' } });
    assert.equal(killed.signal, 'SIGKILL');
    const run = here.run();
    const { forge, result } = await stoppedAt(here, 'merge-renamed:50', ['status']);
    const status = await here.forge(['status']);
    assert.doesNotMatch(status.stdout, /[Nn]othing merged/);
    const cleaned = await here.forge(args.map((word) => (word === 'RUN' ? run : word)));
    assert.equal(cleaned.code, 0, cleaned.stderr);
    assert.match(cleaned.stdout, /^kept .*under way/m);
    forge.kill('SIGCONT');
    const finished = await result;
    assert.equal(finished.code, 0, finished.stderr);
    assert.deepEqual(contents(here), new Set(['new\n']));
    assert.match((await here.forge(['clean'])).stdout, /^removed/m);
  });
}

test('forge clean leaves a run alone whose merge could not be finished', async (t) => {
  const here = manyFiles(t, 3);
  await here.forge(['apply', '--yes'], { env: { FORGE_FAULT: 'merge-committed' } });
  const run = here.run();
  rmSync(here.path(`.forge/runs/${run}/merge/new`), { recursive: true });
  const before = here.tree();
  for (const args of [['status'], ['clean', '--all'], ['clean', run], ['merge']]) {
    const result = await here.forge(args);
    assert.equal(result.code, 1, args.join(' ') + result.stdout);
    assert.match(result.stderr, /merge\/new, the content that was committed, is gone/);
    assert.deepEqual(here.tree(), before);
    assert.equal(here.run(), run);
  }
});

test('forge clean killed in the middle leaves nothing that counts as a run, and the next that acts removes it', async (t) => {
  const here = manyFiles(t, 3);
  assert.equal((await here.forge(['apply', '--yes'])).code, 0);
  const runs = here.path('.forge/runs');
  // So many that removing them takes a while.
  const kept = `.forge/runs/${here.run()}/tasks/a/attempt-1`;
  here.write(Object.fromEntries(Array.from({ length: 5000 }, (_, n) => [`${kept}/${n}`, ''])));
  const killed = await here.forge(['clean'], {
    started: (child) => {
      const isOver = () => child.exitCode !== null;
      const isRemoving = () => readdirSync(runs).some((name) => name.endsWith('.removed'));
      void until(() => isOver() || isRemoving()).then(() => child.kill('SIGKILL'));
    },
  });
  assert.equal(killed.signal, 'SIGKILL', killed.stdout);
  assert.equal(readdirSync(runs).length, 1);
  assert.match((await here.forge(['ls'])).stdout, /^no runs|^$/i);
  assert.equal(readdirSync(runs).length, 1, 'looking changes nothing');
  assert.equal((await here.forge(['clean'])).code, 0);
  assert.deepEqual(readdirSync(runs), []);
});

/** A git of the test's own, first on PATH: `sh` is run where git is asked for `command`, and then git itself. */
function withGit(here: Project, command: string, sh: string): Record<string, string> {
  const git = execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim();
  here.write({
    '../bin/git*': `#!/bin/sh\ncase " $* " in *" ${command} "*)\n${sh}\n;; esac\nexec ${git} "$@"\n`,
  });
  return { PATH: `${join(here.dir, '../bin')}:${process.env.PATH}` };
}

const IGNORING = {
  '.gitignore': '*.env\n',
  'a.txt': 'old\n',
  'forge.plan.yaml':
    'version: 1\ntasks:\n  a: { run: "echo new > a.txt; echo TOKEN > secret.env", owns: ["**"] }\n',
};

for (const flags of [['--commit'], ['--branch', 'out']]) {
  test(`${flags.join(' ')}: a git that is killed has not said that nothing is ignored`, async (t) => {
    const here = project(t, IGNORING);
    const head = here.git('rev-parse', '--all');
    const env = withGit(here, 'check-ignore', 'kill -9 $$');
    const result = await here.forge(['apply', '--yes', ...flags], { env });
    assert.equal(result.code, 1, result.stdout + result.stderr);
    assert.match(result.stdout + result.stderr, /git check-ignore was ended by SIGKILL/);
    assert.equal(here.git('rev-parse', '--all'), head);
    const resumed = await here.forge(['resume']);
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.equal(here.git('ls-tree', '-r', '--name-only', flags[1] ?? 'HEAD', '*.env'), '');
  });

  for (const command of ['check-ignore', 'write-tree', 'commit-tree']) {
    test(`${flags.join(' ')}: Ctrl-C on a terminal while git is at work (${command}): 130, and nothing is committed`, async (t) => {
      const here = project(t, IGNORING);
      const [at, go] = ['at', 'go'].map((name) => join(here.dir, '..', name));
      execFileSync('mkfifo', [at!, go!]);
      const head = here.git('rev-parse', '--all');
      const env = { ...environment(), ...withGit(here, command, `echo x > ${at}; read -r _ < ${go}`) };
      const forge = spawn(process.execPath, [FORGE, 'apply', '--yes', ...flags], {
        cwd: here.dir,
        env: { ...env, FORGE_STATE_DIR: here.state },
        stdio: 'ignore',
        detached: true,
      });
      const over = new Promise((resolve) => forge.once('exit', (code, signal) => resolve(code ?? signal)));
      execFileSync('cat', [at!]);
      process.kill(-forge.pid!, 'SIGINT');
      // Git may be asked more than once.
      const more = spawn('sh', ['-c', `while :; do echo x > ${go}; cat ${at}; done`], { detached: true });
      const code = await over;
      process.kill(-more.pid!, 'SIGKILL');
      assert.equal(code, 130);
      assert.equal(here.git('rev-parse', '--all'), head);
      const resumed = await here.forge(['resume']);
      assert.equal(resumed.code, 0, resumed.stdout + resumed.stderr);
      assert.equal(here.git('show', `${flags[1] ?? 'HEAD'}:a.txt`), 'new\n');
    });
  }
}

test('--commit: the user switches branches while the commits are made: refused, and nothing is merged', async (t) => {
  const here = project(t, {
    'a.txt': 'old\n',
    'forge.plan.yaml': PLAN.replaceAll('d/*', 'a.txt').replace('d/**', 'a.txt'),
  });
  here.git('branch', 'other');
  const head = here.git('rev-parse', '--all');
  const env = withGit(here, 'commit-tree', 'PATH=/usr/bin:/bin git switch -q other');
  const result = await here.forge(['apply', '--yes', '--commit'], { env });
  assert.equal(result.code, 3, result.stdout + result.stderr);
  assert.match(result.stdout, /was to move refs\/heads\/main, but HEAD is refs\/heads\/other by now/);
  assert.equal(here.git('rev-parse', '--all'), head);
  assert.equal(here.git('status', '--short'), '');
});

test('--commit: killed after the branch was moved, and the user commits on top: no word of a branch that moved', async (t) => {
  const here = project(t, {
    'a.txt': 'old\n',
    'forge.plan.yaml': PLAN.replaceAll('d/*', 'a.txt').replace('d/**', 'a.txt'),
  });
  const killed = await here.forge(['apply', '--yes', '--commit'], {
    env: { FORGE_FAULT: 'merge-ref-moved' },
  });
  assert.equal(killed.signal, 'SIGKILL');
  here.write({ other: 'x\n' });
  here.git('add', 'other');
  here.git('commit', '-qm', 'user');
  const status = await here.forge(['status']);
  assert.equal(status.code, 0, status.stderr);
  assert.doesNotMatch(status.stdout + status.stderr, /moved while|cherry-pick/);
  assert.equal(here.git('show', ':a.txt'), 'new\n');
});

test('in a copy of a project, the run of the original is not stopped', async (t) => {
  const home = await Home.open(t);
  const here = project(t, {
    'forge.plan.yaml': `version: 1\ntasks:\n  a: { run: '${home.command('a')}; echo a > a', owns: [a] }\n`,
  });
  const running = here.forge(['apply', '--yes']);
  const caller = await home.called('a');
  const copy = join(here.dir, '../copy');
  cpSync(here.dir, copy, { recursive: true });
  for (const args of [['apply', '--yes'], ['abort']]) {
    const refused = await here.forge(args, { cwd: copy });
    assert.equal(refused.code, 3, refused.stdout);
    assert.match(refused.stderr, /if this is a copy, remove .*copy\/\.forge\/lock/);
  }
  caller.end();
  assert.equal((await running).code, 0);
  assert.equal(here.read('a'), 'a\n');
  rmSync(join(copy, '.forge/lock'));
  assert.equal((await here.forge(['abort'], { cwd: copy })).code, 0);
});

test('a root that is moved away during a run is not made anew', async (t) => {
  const home = await Home.open(t);
  const here = project(t, {
    'forge.plan.yaml': `version: 1\ntasks:\n  a: { run: '${home.command('a')}', retries: 2 }\n`,
  });
  const running = here.forge(['apply', '--yes']);
  const caller = await home.called('a');
  const moved = join(here.dir, '../moved');
  renameSync(here.dir, moved);
  caller.end(1);
  const result = await running;
  assert.equal(result.code, 1, result.stdout + result.stderr);
  assert.doesNotMatch(result.stdout + result.stderr, /\n\s+at /);
  assert.equal(existsSync(here.dir), false);
});

test('a second Ctrl-C while the merge is half written says so (5); the next command finishes it', async (t) => {
  // The second may come too late; then everything is merged, and it is tried once more.
  for (let tries = 1; ; tries += 1) {
    const here = manyFiles(t, 1000);
    const { forge, result } = await stoppedAt(here, 'merge-renamed:2', ['apply', '--yes']);
    forge.stderr!.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes('stopping')) forge.kill('SIGINT');
    });
    forge.kill('SIGINT');
    forge.kill('SIGCONT');
    const { code, stderr } = await result;
    if (code !== 5 && tries < 5) {
      assert.deepEqual(contents(here), new Set(['new\n']), `exit ${code}`);
      continue;
    }
    assert.equal(code, 5, stderr);
    assert.match(stderr, /the merge is half written; the next forge command finishes it/);
    assert.deepEqual(contents(here), new Set(['old\n', 'new\n']));
    assert.equal((await here.forge(['status'])).code, 0);
    assert.deepEqual(contents(here), new Set(['new\n']));
    return;
  }
});

test('a merge of an older forge, which kept no mark that all is in place, is finished too', async (t) => {
  for (const fault of ['merge-unstaged', 'merge-recorded']) {
    const here = manyFiles(t, 3);
    assert.equal((await here.forge(['apply', '--yes'], { env: { FORGE_FAULT: fault } })).signal, 'SIGKILL');
    // As it would have left things.
    const merge = here.path(`.forge/runs/${here.run()}/merge`);
    const record = JSON.parse(here.read('.forge/merging')) as { plan: string };
    const plan = JSON.parse(readFileSync(join(merge, 'plan.json'), 'utf8')) as { keepsPlaced?: boolean };
    delete plan.keepsPlaced;
    const text = JSON.stringify(plan);
    writeFileSync(join(merge, 'plan.json'), text);
    here.write({
      '.forge/merging': JSON.stringify({ ...record, plan: createHash('sha256').update(text).digest('hex') }),
    });
    rmSync(join(merge, 'placed'), { recursive: true });
    const status = await here.forge(['status']);
    assert.equal(status.code, 0, status.stderr);
    assert.match(status.stdout, /[Mm]erged 3 files/);
    assert.equal(existsSync(here.path('.forge/merging')), false);
  }
});
