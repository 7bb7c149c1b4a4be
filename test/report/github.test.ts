import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ForgeEvent } from '../../src/journal/index.js';
import { withoutCommands, workflowCommand } from '../../src/report/ci/github-commands.js';
import { createReporter, type ReporterOptions } from '../../src/report/index.js';
import { failedRun, memoryStream, Recording } from './recording.js';

async function report(events: ForgeEvent[], options: Partial<ReporterOptions> = {}) {
  const stdout = memoryStream();
  const stderr = memoryStream();
  const reporter = createReporter({
    kind: 'plain',
    stdout,
    stderr,
    color: false,
    verbose: false,
    github: true,
    planFile: '/tree/plans/forge.plan.yaml',
    env: { GITHUB_WORKSPACE: '/tree' },
    ...options,
  });
  for (const event of events) reporter.event(event);
  await reporter.close();
  return { stdout: stdout.text(), stderr: stderr.text() };
}

/** The commands that a runner would execute, read as its own parser does (ActionCommand.cs), stop-commands included. */
function executed(text: string): string[] {
  const commands: string[] = [];
  let stopped: string | undefined;
  for (const line of text.split('\n')) {
    const v2 = /^\s*::([^: ]+)(?: .*?)?::(.*)$/.exec(line);
    const v1 = /##\[([^\] ]+)[^\]]*\](.*)/.exec(line);
    const [, name, data] = v2 ?? v1 ?? [];
    if (name === undefined) continue;
    if (stopped !== undefined) {
      if (name === stopped) stopped = undefined;
    } else if (name === 'stop-commands') stopped = data;
    else commands.push(name);
  }
  assert.equal(stopped, undefined, 'commands work again at the end');
  return commands;
}

test('annotations on the plan, a group for the output of each task, its commands stopped', async () => {
  const { stdout, stderr } = await report(failedRun().events);
  assert.equal(stderr, '');
  const token = /::stop-commands::([0-9a-f-]{36})\n/.exec(stdout)![1]!;
  assert.equal(
    stdout.replaceAll(token, 'TOKEN'),
    `forge: running jwt-auth in /tree, 3 tasks, 4 at once, on overlay, run r1
api: started
web: started
api: failed after 1.5s: 1 change outside what it owns
api: outside what it owns: a\\nb.txt
::group::api: failed, 1.5s
::stop-commands::TOKEN
one
\\x1b[31mtwo\\x1b[0m
::error::fake
::TOKEN::
::endgroup::
::error file=plans/forge.plan.yaml,line=4,title=Task api::1 change outside what it owns
docs: skipped: api failed
web: succeeded in 1.5s, 1 file
api: 1 change outside what it owns
3 tasks (1 failed, 1 succeeded, 1 skipped), 1.5s; one after another 3.0s; 2.0x
Nothing merged: 1 task failed (api). Finished tasks are kept.
Next: forge resume r1 (go on with what is not done), forge diff r1 (see what changed)
`,
  );
  assert.deepEqual(executed(stdout), ['group', 'endgroup', 'error']);
});

test('gates and refused merges are annotated too', async () => {
  const recording = new Recording().start([], ['unit: a, b', 'lint']);
  recording.gate('unit: a, b', false, 1500).gate('lint', false, 10);
  recording.add({ type: 'merge.finished', state: 'refused', paths: ['100%.txt'], reason: 'conflict' });
  const { stdout } = await report(recording.events, { gateLines: { 'unit: a, b': 12 }, kind: 'quiet' });
  const commands = stdout.split('\n').filter((line) => line.startsWith('::'));
  assert.deepEqual(commands, [
    '::error file=plans/forge.plan.yaml,line=12,title=Gate unit%3A a%2C b::failed with exit code 2 after 1.5s',
    '::error file=plans/forge.plan.yaml,title=Gate lint::failed with exit code 2 after 0.0s',
    '::error file=plans/forge.plan.yaml,title=Merge refused::Nothing merged: conflict (100%25.txt). The result is kept.',
  ]);
});

test('escaping after the rules of the runner', () => {
  assert.equal(
    workflowCommand('error', { file: 'a,b:c%.yaml', line: 3, title: undefined }, '50%\r\ndone: a, b'),
    '::error file=a%2Cb%3Ac%25.yaml,line=3::50%25%0D%0Adone: a, b\n',
  );
  assert.equal(workflowCommand('endgroup', {}, ''), '::endgroup::\n');
});

test('text that holds commands is stopped, other text is left alone', () => {
  const token = () => 'T';
  assert.equal(withoutCommands('a :: b\nplain\n', token), 'a :: b\nplain\n');
  for (const text of ['::set-env::x', '  \t::add-mask::y', 'x ##[error]z', '\u001b[31m::error::q'])
    assert.equal(withoutCommands(`a\n${text}\n`, token), `::stop-commands::T\na\n${text}\n::T::\n`);
});

test('no command from a task is executed, wherever its text is shown', async () => {
  const evil = '::error::evil ##[add-mask]x';
  const recording = new Recording()
    .start([{ id: 'a' }], [evil], { name: evil, backendReason: evil })
    .begin('a');
  recording
    .output('a', `${evil}\n  ${evil}\n`)
    .add({ type: 'agent.message', task: 'a', attempt: 1, text: evil });
  recording.fail('a', 5, { reason: evil, strays: [evil], retry: true }).begin('a', 2);
  recording.add({
    type: 'task.finished',
    task: 'a',
    state: 'failed',
    attempts: 2,
    ms: 9,
    changes: 0,
    reason: evil,
  });
  recording.add({ type: 'merge.finished', state: 'refused', paths: [evil], reason: evil }).end(3, 10);
  for (const kind of ['plain', 'quiet'] as const) {
    for (const verbose of [true, false]) {
      const { stdout } = await report(recording.events, { kind, verbose });
      assert.deepEqual(executed(stdout), ['group', 'endgroup', 'error', 'error']);
      assert.ok(stdout.includes('evil'));
    }
  }
});

test('with --json stdout stays pure: commands go to stderr', async () => {
  const { stdout, stderr } = await report(failedRun().events, { kind: 'json' });
  assert.deepEqual(
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
    failedRun().events,
  );
  assert.deepEqual(executed(stderr), ['error']);
});

test('a group holds the last lines and says how many came before', async () => {
  const recording = new Recording().start([{ id: 'a' }]).begin('a');
  for (let line = 0; line < 5000; line += 1) recording.output('a', `line ${line}\n`);
  const { stdout } = await report(recording.succeed('a', 5).events);
  const [, dropped] = /^\((\d+) earlier lines are in logs\/a\.1\.log\)$/m.exec(stdout)!;
  assert.ok(stdout.includes(`\n(${dropped} earlier lines are in logs/a.1.log)\nline ${dropped}\n`));
  assert.ok(stdout.includes('\nline 4999\n::endgroup::\n'));
  assert.ok(Number(dropped) >= 4000);
});

test('the step summary is appended, and its text is neither Markdown nor HTML', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'forge-report-'));
  try {
    const file = join(folder, 'summary.md');
    const recording = new Recording().start([{ id: 'a' }], ['tests']).begin('a');
    recording.fail('a', 1500, { reason: '<img src=x>|`x`\n**bold**' });
    recording
      .add({ type: 'task.finished', task: 'a', state: 'failed', attempts: 1, ms: 1500, changes: 2 })
      .end(1, 1600);
    const env = { GITHUB_STEP_SUMMARY: file };
    await report(recording.events, { env });
    await report(new Recording().start([]).end(0, 1).events, { env });
    assert.equal(
      await readFile(file, 'utf8'),
      `### forge: jwt-auth

| State | Task | Time | Files | |
| --- | --- | ---: | ---: | --- |
| ✗ failed | a | 1.5s | 2 | &lt;img src=x\\>\\|\\\`x\\\` \\*\\*bold\\*\\* |

- · gate tests: not run

1 task (1 failed), 1.6s. Nothing merged: 1 task failed (a).

- \`forge resume r1\` (go on with what is not done)
### forge: jwt-auth

Nothing to do.

`,
    );
    const { stderr } = await report(recording.events, {
      env: { GITHUB_STEP_SUMMARY: join(folder, 'no', 'such') },
    });
    assert.match(stderr, /^forge: the step summary was not written: ENOENT/);
  } finally {
    await rm(folder, { recursive: true });
  }
});
