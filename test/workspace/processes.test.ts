import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { chooseBackend, sweepScratch, type Workspace } from '../../src/workspace/index.js';
import { text } from './exercise.js';
import { Grounds, SETTINGS, type Setting, unavailable } from './grounds.js';

/** Every way of starting a process that outlives its parent. Each writes a line into $PIDS when it runs; `hold` never ends. */
const ZOO = `
  hold() { echo x >>"$PIDS/$1"; while :; do sleep 1000; done; }
  hold background &
  setsid sh -c 'echo x >>"$PIDS/setsid"; while :; do sleep 1000; done' &
  (setsid sh -c 'sh -c "echo x >>$PIDS/double; while :; do sleep 1000; done" &' &)
  (trap '' TERM; hold deaf) &
  sh -c 'echo x >>"$PIDS/stopped"; kill -STOP $$; sleep 1000' &
  env -i PATH="$PATH" PIDS="$PIDS" setsid sh -c 'echo x >>"$PIDS/bare"; while :; do sleep 1000; done' &
  for name in background setsid double deaf stopped bare; do while [ ! -s "$PIDS/$name" ]; do sleep 0.01; done; done
  echo ready
`;

const LINUX = process.platform === 'linux' ? false : 'processes are found in /proc';
const PLAIN = SETTINGS.filter(({ disk, user }) => disk === undefined && user === 'self');

/** One that takes its backend along when it is closed. */
async function open(grounds: Grounds, setting: Setting, name: string): Promise<Workspace> {
  process.env.FORGE_STATE_DIR = grounds.state;
  if (setting.isolation === undefined) delete process.env.FORGE_ISOLATION;
  else process.env.FORGE_ISOLATION = setting.isolation;
  const runDir = `${grounds.root}/.forge`;
  mkdirSync(runDir, { recursive: true });
  const { backend } = await chooseBackend({
    root: grounds.root,
    wanted: setting.backend,
    runDir,
    runId: 'r',
  });
  const workspace = await backend.open({ root: grounds.root, start: [], name });
  const close = async () => {
    await workspace.close();
    await backend.close();
  };
  return { ...workspace, close };
}

/** Processes of this test still alive anywhere on the machine: their environment names the test's folder. */
function alive(grounds: Grounds): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return false;
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      if (/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2))) return false;
      return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`PIDS=${grounds.dir}`);
    } catch {
      return false;
    }
  });
}

function comm(pid: string): string {
  return existsSync(`/proc/${pid}/comm`) ? readFileSync(`/proc/${pid}/comm`, 'utf8').trim() : '';
}

/** Waits for something that is bound to become true; the test's own time limit ends it otherwise. */
async function until(what: string, isTrue: () => boolean): Promise<void> {
  for (const end = Date.now() + 60_000; !isTrue(); ) {
    assert.ok(Date.now() < end, `still waiting for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function environment(grounds: Grounds): Record<string, string> {
  const pids = `${grounds.dir}/pids`;
  mkdirSync(pids, { recursive: true });
  return { PATH: process.env.PATH ?? '', PIDS: pids };
}

for (const setting of PLAIN) {
  describe(`processes on ${setting.label}`, { skip: unavailable(setting) || LINUX }, () => {
    const within = async (body: (grounds: Grounds, workspace: Workspace) => Promise<void>) => {
      const grounds = new Grounds(setting);
      try {
        const workspace = await open(grounds, setting, 'r.zoo.1');
        try {
          await body(grounds, workspace);
        } finally {
          await workspace.close();
        }
        await until('every process gone', () => alive(grounds).length === 0);
      } finally {
        grounds.remove();
      }
    };
    /** The ways in which a process that drops the marker can be told: namespaces hold it, markers don't. */
    const zoo = setting.isolation === 'none' ? ZOO.replace(/^.*env -i.*$/m, '').replace(' bare;', ';') : ZOO;

    for (const [how, end, expected] of [
      ['success', 'exit 0', { exitCode: 0, signal: null }],
      ['failure', 'exit 7', { exitCode: 7, signal: null }],
      ['a signal', 'kill -SEGV $$', { exitCode: null, signal: 'SIGSEGV' }],
    ] as const) {
      it(`end with endProcesses after ${how}, and the outcome comes through exactly`, () =>
        within(async (grounds, workspace) => {
          const running = workspace.spawn({ argv: ['sh', '-c', zoo + end], env: environment(grounds) });
          assert.deepEqual(await running.ended, expected);
          const count = alive(grounds).length;
          assert.ok(count >= 5, `the zoo is gone before its time: ${count}`);
          assert.ok((await workspace.endProcesses()) >= 5);
          await until('every process gone', () => alive(grounds).length === 0);
          assert.equal(await workspace.endProcesses(), 0);
          const again = workspace.spawn({ argv: ['sh', '-c', 'echo usable'], env: environment(grounds) });
          assert.equal(await text(again.stdout), 'usable\n');
        }));
    }

    it('SIGTERM reaches the whole tree, and what ignores it falls to SIGKILL', () =>
      within(async (grounds, workspace) => {
        const script = `${zoo}\ntrap '' TERM; echo deaf; while :; do sleep 1000; done`;
        const running = workspace.spawn({ argv: ['sh', '-c', script], env: environment(grounds) });
        let said = '';
        for await (const chunk of running.stdout) {
          said += String(chunk);
          if (said.includes('deaf')) break;
        }
        const before = alive(grounds).length;
        running.kill('SIGTERM');
        await until('SIGTERM ending most', () => alive(grounds).length < before);
        running.kill('SIGKILL');
        assert.deepEqual(await running.ended, { exitCode: null, signal: 'SIGKILL' });
        await workspace.endProcesses();
        await until('every process gone', () => alive(grounds).length === 0);
      }));

    it('SIGTERM lets a command end in its own way, even one that is stopped', () =>
      within(async (grounds, workspace) => {
        const script = 'trap "echo bye; exit 9" TERM; echo ready; kill -STOP $$; while :; do sleep 0.1; done';
        const running = workspace.spawn({ argv: ['sh', '-c', script], env: environment(grounds) });
        let said = '';
        for await (const chunk of running.stdout) {
          said += String(chunk);
          if (said === 'ready\n') {
            const stopped = () =>
              alive(grounds).some((pid) => readFileSync(`/proc/${pid}/stat`, 'latin1').includes('(sh) T'));
            await until('the command being stopped', stopped);
            running.kill('SIGTERM');
          }
        }
        assert.equal(said, 'ready\nbye\n');
        assert.deepEqual(await running.ended, { exitCode: 9, signal: null });
      }));

    it('close ends them all', () =>
      within(async (grounds, workspace) => {
        const script = `${zoo}\nwhile :; do sleep 1000; done`;
        const running = workspace.spawn({ argv: ['sh', '-c', script], env: environment(grounds) });
        for await (const _ of running.stdout) break;
        await workspace.close();
        assert.equal((await running.ended).signal, 'SIGKILL');
        await until('every process gone', () => alive(grounds).length === 0);
      }));

    it('a command of several is ended alone', () =>
      within(async (grounds, workspace) => {
        const script = 'sleep 1000 & sleep 1000';
        const [one, two] = [1, 2].map(() =>
          workspace.spawn({ argv: ['sh', '-c', script], env: environment(grounds) }),
        );
        const sleeping = () => alive(grounds).filter((pid) => comm(pid) === 'sleep').length;
        await until('all of them asleep', () => sleeping() === 4);
        one!.kill('SIGKILL');
        assert.equal((await one!.ended).signal, 'SIGKILL');
        await until('the first command gone', () => sleeping() <= 2);
        assert.equal(sleeping(), 2);
        two!.kill('SIGKILL');
        assert.equal((await two!.ended).signal, 'SIGKILL');
      }));

    it('a program that is not there is an error, not an exit code', () =>
      within(async (grounds, workspace) => {
        const env = environment(grounds);
        const missing = await workspace.spawn({ argv: ['no-such-program'], env }).ended;
        assert.match(missing.error?.message ?? '', /no such program in PATH/);
        writeFileSync(`${workspace.outsidePath}/plain`, 'not executable', { mode: 0o644 });
        const plain = await workspace.spawn({ argv: ['./plain'], env }).ended;
        if (process.getuid?.() !== 0 || plain.error)
          assert.match(plain.error?.message ?? '', /may not be executed/);
        const here = workspace.spawn({ argv: ['sh', '-c', 'pwd; echo "$FORGE_ATTEMPT"'], env });
        assert.match(await text(here.stdout), new RegExp(`^${workspace.path}\nr\\.zoo\\.1:\\d+\n$`));
      }));

    it('output can be opened by name, comes whole, and ends with the last writer', () =>
      within(async (grounds, workspace) => {
        const script =
          'echo one >/dev/stderr; echo two >/dev/stdout; head -c 3000000 /dev/zero; (sleep 0.2; echo late) &';
        const running = workspace.spawn({ argv: ['sh', '-c', script], env: environment(grounds) });
        const [out, err] = await Promise.all([text(running.stdout), text(running.stderr)]);
        assert.equal(err, 'one\n');
        assert.equal(out.length, 'two\n'.length + 3_000_000 + 'late\n'.length);
        assert.ok(out.endsWith('late\n'));
      }));

    it('SIGKILL of forge leaves no process, and the next command removes its scratch', async () => {
      const grounds = new Grounds(setting);
      try {
        mkdirSync(`${grounds.root}/.forge`);
        const env = {
          ...process.env,
          ...environment(grounds),
          FORGE_STATE_DIR: grounds.state,
          FORGE_ISOLATION: setting.isolation ?? '',
        };
        const program = `
          const { chooseBackend } = await import(${JSON.stringify(new URL('../../src/workspace/index.ts', import.meta.url).href)});
          const root = ${JSON.stringify(grounds.root)};
          const { backend } = await chooseBackend({ root, wanted: ${JSON.stringify(setting.backend)}, runDir: root + '/.forge', runId: 'r' });
          const workspace = await backend.open({ root, start: [], name: 'r.killed.1' });
          const running = workspace.spawn({ argv: ['sh', '-c', ${JSON.stringify(`${zoo}\nwhile :; do sleep 1000; done`)}], env: process.env });
          running.stdout.pipe(process.stdout);`;
        const forge = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
          env,
          stdio: ['ignore', 'pipe', 'inherit'],
          cwd: new URL('../..', import.meta.url).pathname,
        });
        await new Promise((resolve) => forge.stdout.once('data', resolve));
        process.env.FORGE_STATE_DIR = grounds.state;
        assert.equal(grounds.scratch().length, 1);
        assert.deepEqual((await sweepScratch()).removed, [], 'the scratch of a living forge was removed');
        assert.ok(alive(grounds).length >= 5);
        forge.kill('SIGKILL');
        await new Promise((resolve) => forge.once('exit', resolve));
        // Without namespaces only the command itself falls at once; the sweep ends the rest.
        if (setting.isolation !== 'none')
          await until('every process gone', () => alive(grounds).length === 0);
        assert.equal((await sweepScratch()).removed.length, 1);
        await until('every process gone', () => alive(grounds).length === 0);
        assert.deepEqual(grounds.scratch(), []);
        assert.ok(existsSync(grounds.root));
      } finally {
        grounds.remove();
      }
    });
  });
}
