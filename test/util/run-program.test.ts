import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { codeOf } from '../../src/util/errors.js';
import { run } from '../../src/util/process/run-program.js';

const here = fileURLToPath(import.meta.url);
const dir = mkdtempSync(join(tmpdir(), 'run-program-'));
after(() => rmSync(dir, { recursive: true }));

test('gives what a program printed, as bytes and all of it', async () => {
  const bytes = await run('sh', ['-c', "printf '\\377\\0a\\n'; echo ' oops ' >&2; exit 3"]);
  assert.deepEqual([...bytes.stdout], [255, 0, 97, 10]);
  assert.deepEqual({ ...bytes, stdout: '' }, { ...ended, exitCode: 3, stderr: 'oops' });
  const much = await run('head', ['-c', '120000000', '/dev/zero']);
  assert.equal(much.stdout.length, 120_000_000);
});

const ended = {
  ok: false,
  exitCode: null as number | null,
  signal: null,
  stdout: '',
  stderr: '',
  stopped: undefined,
};

test('a program that is not there, or can not be started where it is to run, is no exception', async () => {
  for (const [outcome, code] of [
    [await run('no-such-program', []), 'ENOENT'],
    [await run('true', [], { cwd: join(dir, 'nowhere') }), 'ENOENT'],
    [await run('true', [], { cwd: here }), 'ENOTDIR'],
    [await run('echo', ['x'.repeat(200_000)]), 'E2BIG'],
    [await run('echo', ['a\0b']), undefined],
  ] as const) {
    assert.equal(outcome.ok, false);
    assert.equal(outcome.exitCode, null);
    assert.equal(codeOf(outcome.notStarted), code);
    assert.notEqual(outcome.stderr, '');
  }
});

test('too many open files are no exception either', () => {
  const script = `
    const { openSync } = await import('node:fs');
    const { run } = await import(${JSON.stringify(new URL('../../src/util/process/run-program.ts', import.meta.url).href)});
    await run('true', []);
    try { for (;;) openSync('/dev/null', 'r'); } catch {}
    const { ok, exitCode, notStarted } = await run('true', []);
    console.log(JSON.stringify({ ok, exitCode, code: notStarted?.code }));
  `;
  const node = `ulimit -n 300; exec "$0" --import tsx --input-type=module -e "$1"`;
  const { stdout, stderr, status } = spawnSync('sh', ['-c', node, process.execPath, script], {
    encoding: 'utf8',
  });
  assert.deepEqual([stdout, status], ['{"ok":false,"exitCode":null,"code":"EMFILE"}\n', 0], stderr);
});

test('input that nobody reads is no error', async () => {
  const { ok } = await run('true', [], { input: Buffer.alloc(5_000_000) });
  assert.equal(ok, true);
  const { stdout } = await run('cat', [], { input: 'text' });
  assert.equal(stdout.toString(), 'text');
  assert.equal((await run('cat', [])).stdout.length, 0);
});

test('the environment is just what is given, or that of forge in plain English', async () => {
  assert.equal((await run('/usr/bin/env', [], { env: { ONE: '1' } })).stdout.toString(), 'ONE=1\n');
  const inherited = (await run('env', [])).stdout.toString().split('\n');
  assert.ok(inherited.includes('LC_ALL=C') && inherited.includes(`PATH=${process.env.PATH}`));
});

test('reads and writes open files, and hands on more of them', async () => {
  const file = join(dir, 'out');
  const [out, more, stdin] = [openSync(file, 'w'), openSync(here, 'r'), openSync('/dev/null', 'r')];
  try {
    const outcome = await run('sh', ['-c', 'head -n 1 <&3; cat'], {
      fds: { stdin, stdout: out, more: [more] },
    });
    assert.equal(outcome.ok, true, outcome.stderr);
    assert.equal(outcome.stdout.length, 0);
  } finally {
    for (const fd of [out, more, stdin]) closeSync(fd);
  }
  assert.match(readFileSync(file, 'utf8'), /^import assert/);
});

test('lives in a session of its own, so that Ctrl-C on the terminal does not reach it', async () => {
  const session = async (interruptible: boolean) => {
    const { stdout } = await run('cat', ['/proc/self/stat'], { interruptible });
    return stdout.toString().split(' ')[5];
  };
  const own = readFileSync('/proc/self/stat', 'latin1').split(' ')[5];
  assert.notEqual(await session(false), own);
  assert.equal(await session(true), own);
});

/** A server that says when somebody who was connected has gone, whatever ended them. */
async function callers(): Promise<{ port: number; gone: Promise<unknown>; close: () => void }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const gone = once(server, 'connection').then(async ([socket]) => {
    socket.resume();
    await once(socket, 'close');
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { port: address.port, gone, close: () => server.close() };
}

/** Connects, prints a line, and waits for ever. */
const wait = (port: number) =>
  `exec "${process.execPath}" -e 'require("node:net").connect(${port}, "127.0.0.1", () => console.log("here")).on("error", () => {})'`;

test('ends a program when its time is up', async () => {
  const outcome = await run('sleep', ['1000'], { timeoutMs: 1 });
  assert.deepEqual({ ...outcome, stdout: '' }, { ...ended, signal: 'SIGKILL', stopped: 'timeout' });
});

test('what it started ends with a program that is ended', async () => {
  const { port, gone, close } = await callers();
  const controller = new AbortController();
  const lines: string[] = [];
  const outcome = await run('sh', ['-c', `(${wait(port)}) & echo here; ${wait(port)}`], {
    signal: controller.signal,
    onLine: (line) => {
      if (lines.push(line) === 3) controller.abort();
    },
  });
  assert.equal(outcome.stopped, 'cancelled');
  assert.equal(outcome.signal, 'SIGKILL');
  await gone;
  close();
});

test('asks it to end first where it has a grace time, and ends it when it is no longer wanted', async () => {
  const controller = new AbortController();
  const lines: string[] = [];
  const outcome = await run(
    process.execPath,
    [
      '-e',
      'process.on("SIGTERM", () => { console.log("asked"); process.exit(7); }); setInterval(() => {}, 1000); console.log("on")',
    ],
    {
      signal: controller.signal,
      graceMs: 60_000,
      onLine: (line) => {
        lines.push(line);
        controller.abort();
      },
    },
  );
  assert.deepEqual(lines, ['on', 'asked']);
  assert.equal(outcome.stopped, 'cancelled');
  assert.equal(outcome.exitCode, 7);
});

test('kills what it leaves running in its group, which would hold its output open', async () => {
  const { port, gone, close } = await callers();
  const lines: string[] = [];
  // The child says that it is there through a FIFO, so that it is before its parent ends.
  const script = `mkfifo ${dir}/here; (${wait(port)}) >${dir}/here & read line <${dir}/here; echo "$line"`;
  const outcome = await run('sh', ['-c', script], { endsGroup: true, onLine: (line) => lines.push(line) });
  assert.equal(outcome.exitCode, 0);
  assert.deepEqual(lines, ['here']);
  await gone;
  close();
});
