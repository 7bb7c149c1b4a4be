import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ForgeEvent } from '../../src/journal/index.js';
import { createReporter } from '../../src/report/index.js';
import { memoryStream, Recording, START } from './recording.js';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Draws on its terminal what it is told over a socket: one JSON command a line, answered when it was done. */
const CLIENT = `
  import { connect } from 'node:net';
  import { createInterface } from 'node:readline';
  import { createReporter } from './src/report/index.ts';
  const [socket, verbose] = process.argv.slice(-2);
  const { stdout, stderr } = process;
  const reporter = createReporter({ kind: 'live', stdout, stderr, color: true, verbose: verbose === 'verbose' });
  const wire = connect(socket);
  createInterface({ input: wire }).on('line', async (line) => {
    const { events = [], call, print } = JSON.parse(line);
    for (const event of events) reporter.event(event);
    if (print !== undefined) stdout.write(print);
    if (call) await reporter[call]();
    wire.write('done\\n');
  });
`;

interface Terminal {
  tell(command: {
    events?: ForgeEvent[];
    call?: 'pause' | 'resume' | 'close';
    print?: string;
  }): Promise<void>;
  /** Reads the screen until it looks as expected. */
  shows(expected: RegExp): Promise<string>;
  resize(columns: number, rows: number): Promise<void>;
}

/** Runs the client in a real terminal (tmux, a server of its own) of the given size. */
async function inTerminal(
  options: { columns: number; rows: number; verbose?: boolean; env?: string },
  use: (terminal: Terminal) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'forge-live-'));
  const socket = join(folder, 'client');
  const tmux = (...args: string[]) =>
    run('tmux', ['-S', join(folder, 'tmux'), '-f', '/dev/null', '-u', ...args]);
  const server = createServer().listen(socket);
  let wire: Socket | undefined;
  try {
    const { columns, rows, verbose, env = 'LANG=C.UTF-8' } = options;
    const command = [process.execPath, '--import', 'tsx', '--input-type=module', '-e', CLIENT, socket];
    const quoted = [...command, verbose ? 'verbose' : 'brief'].map(
      (part) => `'${part.replaceAll("'", "'\\''")}'`,
    );
    const client = `echo '$ forge apply'; env -u LC_ALL -u LC_CTYPE ${env} ${quoted.join(' ')}`;
    await tmux('new-session', '-d', '-x', `${columns}`, '-y', `${rows}`, '-c', ROOT, client);
    [wire] = (await once(server, 'connection')) as [Socket];
    const answers = createInterface({ input: wire })[Symbol.asyncIterator]();
    await use({
      async tell(message) {
        wire!.write(`${JSON.stringify(message)}\n`);
        assert.equal((await answers.next()).value, 'done');
      },
      async shows(expected) {
        const deadline = Date.now() + 30_000;
        for (;;) {
          const { stdout } = await tmux('capture-pane', '-p', '-S', '-');
          if (expected.test(stdout)) return stdout.trimEnd();
          if (Date.now() > deadline) assert.match(stdout, expected);
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      },
      async resize(width, height) {
        await tmux('resize-window', '-x', `${width}`, '-y', `${height}`);
      },
    });
  } finally {
    wire?.destroy();
    server.close();
    // Without its window the server has ended already: then there is nothing to kill.
    await tmux('kill-server').catch(() => undefined);
    await rm(folder, { recursive: true, force: true });
  }
}

/** Events whose clock starts now, as the live table compares with the real time. */
function now(recording: Recording): ForgeEvent[] {
  const shift = Date.now() - START;
  return recording.events.map((event) => ({
    ...event,
    at: new Date(Date.parse(event.at) + shift).toISOString(),
  }));
}

function hasTmux(): boolean {
  try {
    execFileSync('tmux', ['-V']);
    return true;
  } catch {
    return false; // not installed
  }
}

const needsTmux = { skip: hasTmux() ? false : 'tmux is not installed', timeout: 120_000 };

const quietly = { kind: 'live', stderr: memoryStream(), color: false, verbose: false, env: {} } as const;

const started = () =>
  new Recording()
    .start([{ id: 'backend' }, { id: 'frontend' }, { id: 'docs', needs: ['backend'] }], ['tests'])
    .begin('backend')
    .add({
      type: 'agent.message',
      task: 'backend',
      attempt: 1,
      text: 'Creating /api/auth endpoints in src/api',
    });

test('the table follows the run, and stays with the summary when it ended', needsTmux, async () => {
  await inTerminal({ columns: 60, rows: 20 }, async ({ tell, shows }) => {
    const recording = started();
    await tell({ events: now(recording) });
    assert.equal(
      (await shows(/Progress/)).replace(/ \ds/, ' 0s'),
      `$ forge apply
jwt-auth · /tree · forge.plan.yaml · 3 tasks · 4 at once ·…
● backend   0s  Creating /api/auth endpoints in src/api
· frontend
· docs          after backend
Progress: ░░░░░░░░░░ 0% (0/3 tasks)`,
    );
    const known = recording.events.length;
    recording.succeed('backend', 372_000, 4).begin('frontend').fail('frontend', 1000);
    recording
      .output('frontend', 'oops\n')
      .add(
        { type: 'task.finished', task: 'frontend', state: 'failed', attempts: 1, ms: 1000, changes: 0 },
        { type: 'task.finished', task: 'docs', state: 'succeeded', attempts: 1, ms: 2000, changes: 1 },
      );
    recording.gate('tests', true, 1240).end(1, 373_000);
    await tell({ events: now(recording).slice(known) });
    await shows(/✓ tests 1\.2s/);
    await tell({ call: 'close' });
    // Nothing is drawn after close, whatever comes.
    await tell({ events: now(started()) });
    await tell({ call: 'resume' });
    await tell({ print: 'the end\n' });
    assert.equal(
      await shows(/the end/),
      `$ forge apply
jwt-auth · /tree · forge.plan.yaml · 3 tasks · 4 at once ·…
✓ backend   6m12s  4 files  Creating /api/auth endpoints i…
✗ frontend   1.0s  0 files  exit code 1
✓ docs       2.0s   1 file
✓ tests 1.2s
frontend: failed after 1.0s: exit code 1
frontend | oops
frontend: its whole output is in logs/frontend.1.log
3 tasks (1 failed, 2 succeeded), 6m13s
Nothing merged: 1 task failed (frontend). Finished tasks are
 kept.
Next: forge resume r1 (go on with what is not done), forge d
iff r1 (see what changed)
the end`,
    );
  });
});

test(
  'the table is off the screen while a question is asked, and stays above it when all tasks are over',
  needsTmux,
  async () => {
    await inTerminal({ columns: 80, rows: 20 }, async ({ tell, shows }) => {
      const recording = started();
      await tell({ events: now(recording) });
      await shows(/Progress/);
      await tell({ call: 'pause' });
      await tell({ events: now(recording).slice(-1), print: 'Really?\n' });
      assert.equal(await shows(/Really/), '$ forge apply\nReally?');
      await tell({ call: 'resume' });
      await shows(/Really\?\njwt-auth[\s\S]*Progress/);
      const known = recording.events.length;
      recording.succeed('backend', 1000, 4).begin('frontend').succeed('frontend', 1000, 1);
      recording.begin('docs').succeed('docs', 1000, 1).gate('tests', true, 1240);
      await tell({ events: now(recording).slice(known) });
      await tell({ call: 'pause' });
      await tell({ print: 'Ready to merge?\n' });
      await tell({ call: 'resume' });
      await tell({ events: now(new Recording().merged(['a', 'b']).end(0, 2000)) });
      await tell({ call: 'close' });
      assert.equal(
        await shows(/Merged 2 files/),
        `$ forge apply
Really?
jwt-auth · /tree · forge.plan.yaml · 3 tasks · 4 at once · overlay
✓ backend   1.0s  4 files  Creating /api/auth endpoints in src/api
✓ frontend  1.0s   1 file
✓ docs      1.0s   1 file
✓ tests 1.2s
Ready to merge?
3 tasks, 2.0s; one after another 3.0s; 1.5x
Merged 2 files.`,
      );
    });
  },
);

test('a terminal that gets narrower and lower leaves no rests of the table', needsTmux, async () => {
  await inTerminal({ columns: 70, rows: 20 }, async ({ tell, shows, resize }) => {
    // Nothing runs, so that no time changes: tmux tells its clients of a new size later than it wraps their lines,
    // and what is drawn in between is out of place. The screen is full: on a fresh one tmux moves lines into its
    // history, where nothing can be erased.
    const recording = started().succeed('backend', 1000, 2);
    await tell({ print: 'before\n'.repeat(30), events: now(recording) });
    await shows(/Progress/);
    await resize(30, 20);
    assert.equal(
      await shows(/ {2}C…/),
      `$ forge apply
${'before\n'.repeat(30)}jwt-auth · /tree · forge.pla…
✓ backend   1.0s  2 files  C…
· frontend
· docs                     a…
Progress: ███░░░░░░░ 33% (1/…`,
    );
    await resize(70, 4);
    await shows(/overlay\n\+ 3 more: 1 succeeded, 2 waiting\nProgress: .* 33% \(1\/3 tasks\)/);
  });
});

test('verbose: output passes above the table', needsTmux, async () => {
  await inTerminal({ columns: 60, rows: 12, verbose: true }, async ({ tell, shows }) => {
    const recording = started();
    await tell({ events: now(recording) });
    await shows(/Progress/);
    const known = recording.events.length;
    for (let line = 1; line <= 40; line += 1) recording.output('backend', `line ${line}\n`);
    await tell({ events: now(recording).slice(known) });
    const screen = await shows(/line 40\njwt-auth/);
    assert.equal(screen.match(/^jwt-auth/gm)!.length, 1);
    assert.equal(screen.match(/^backend \| line \d+$/gm)!.length, 40);
  });
});

test('a terminal without Unicode gets ASCII', needsTmux, async () => {
  await inTerminal({ columns: 60, rows: 12, env: 'LANG=C' }, async ({ tell, shows }) => {
    await tell({ events: now(started()) });
    const screen = await shows(/> backend[\s\S]*Progress: \.{10} 0%/);
    assert.match(screen, /^[\x20-\x7e\n]*$/);
  });
});

test('many events in a moment are drawn a few times only', async () => {
  const stdout = memoryStream();
  const reporter = createReporter({ ...quietly, stdout });
  const recording = new Recording().start(Array.from({ length: 100 }, (_, n) => ({ id: `t${n}` })));
  for (let n = 0; n < 100; n += 1) recording.begin(`t${n}`);
  for (let n = 0; n < 10_000; n += 1) recording.output(`t${n % 100}`, `line ${n}\n`);
  recording.succeed('t1', 5, 0).end(0, 10);
  const before = Date.now();
  for (const [index, event] of recording.events.entries()) {
    reporter.event(event);
    if (index % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const drawn = stdout.writes();
  assert.ok(drawn >= 1 && drawn <= 2 + (Date.now() - before) / 100, `${drawn} pictures`);
  await reporter.close();
  assert.match(stdout.text(), /\nNothing to merge: no file changed\.\n$/);
});

test('nothing is drawn while paused or after close, not even when the terminal changes its size', async () => {
  const stdout = memoryStream();
  const reporter = createReporter({ ...quietly, stdout });
  const recording = started();
  for (const event of recording.events) reporter.event(event);
  while (stdout.writes() === 0) await new Promise(setImmediate);
  const silent = () => {
    const before = stdout.writes();
    reporter.event(recording.output('backend', 'more\n').events.at(-1)!);
    stdout.emit('resize');
    assert.equal(stdout.writes(), before);
  };
  reporter.pause!();
  silent();
  reporter.resume!();
  stdout.emit('resize');
  await reporter.close();
  silent();
  reporter.resume!();
  silent();
  assert.equal(stdout.listenerCount('resize'), 0);
});

test('a run that closes before anything was drawn still leaves its table', async () => {
  const stdout = memoryStream();
  const reporter = createReporter({ ...quietly, stdout });
  for (const event of new Recording()
    .start([{ id: 'a' }])
    .begin('a')
    .succeed('a', 5)
    .merged(['x'])
    .end(0, 9).events)
    reporter.event(event);
  await Promise.all([reporter.close(), reporter.close()]);
  assert.equal(
    stdout.text(),
    `jwt-auth · /tree · forge.plan.yaml · 1 task · 4 at once · overlay
✓ a  0.0s  1 file
1 task, 0.0s
Merged 1 file.
`,
  );
});
