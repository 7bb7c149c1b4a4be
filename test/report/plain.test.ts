import assert from 'node:assert/strict';
import { mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import type { ForgeEvent } from '../../src/journal/index.js';
import { createReporter, type ReporterOptions } from '../../src/report/index.js';
import { failedRun, memoryStream, mergedRun, Recording } from './recording.js';

async function report(events: ForgeEvent[], options: Partial<ReporterOptions> = {}): Promise<string> {
  const stdout = memoryStream();
  const stderr = memoryStream();
  const reporter = createReporter({
    kind: 'plain',
    stdout,
    stderr,
    color: false,
    verbose: false,
    ...options,
  });
  for (const event of events) reporter.event(event);
  await reporter.close();
  assert.equal(stderr.text(), '');
  return stdout.text();
}

test('plain: one line per event that matters, then the summary', async () => {
  assert.equal(
    await report(mergedRun().events),
    `forge: running jwt-auth in /tree, 2 tasks, 4 at once, on overlay (overlayfs works here), run r1
api: started
api: attempt 1 failed after 1.2s: verify failed: exit code 1; trying again
api: attempt 2 started
api: succeeded in 3.2s (attempt 2), 2 files
docs: waiting for lock db (held by api)
docs: started
docs: succeeded in 1.0s, 1 file
gate tests: started
gate tests: passed in 1.2s
merge: writing 3 files
merge: merged 3 files
2 tasks, 5.6s
1000 input tokens, 1 output token used by agents
Merged 3 files.
`,
  );
});

test('plain -v: every line of output with its task before it, escapes visible', async () => {
  const recording = new Recording()
    .start([{ id: 'a' }])
    .begin('a')
    .output('a', 'one\n\u001b[2Jtwo\n\nthree\n');
  recording.add({ type: 'agent.tool', task: 'a', attempt: 1, tool: 'Edit', summary: 'x\ty', error: true });
  recording.add({ type: 'agent.message', task: 'a', attempt: 1, text: 'Done.\nAll well.' });
  assert.equal(
    await report(recording.events, { verbose: true }),
    `forge: running jwt-auth in /tree, 1 task, 4 at once, on overlay, run r1
a: started
a | one
a | \\x1b[2Jtwo
a |
a | three
a | [Edit]: x y (failed)
a | Done. All well.
`,
  );
});

const FAILURE = `api: failed after 1.5s: 1 change outside what it owns
api: outside what it owns: a\\nb.txt
api | one
api | \\x1b[31mtwo\\x1b[0m
api | ::error::fake
api: its whole output is in logs/api.1.log
`;

const FAILED_SUMMARY = `api: 1 change outside what it owns
3 tasks (1 failed, 1 succeeded, 1 skipped), 1.5s; one after another 3.0s; 2.0x
Nothing merged: 1 task failed (api). Finished tasks are kept.
Next: forge resume r1 (go on with what is not done), forge diff r1 (see what changed)
`;

test('plain: a failure shows its strays, its last lines and where the rest is', async () => {
  assert.equal(
    await report(failedRun().events),
    `forge: running jwt-auth in /tree, 3 tasks, 4 at once, on overlay, run r1
api: started
web: started
${FAILURE}docs: skipped: api failed
web: succeeded in 1.5s, 1 file
${FAILED_SUMMARY}`,
  );
});

test('quiet: only failures and the summary', async () => {
  assert.equal(await report(failedRun().events, { kind: 'quiet' }), FAILURE + FAILED_SUMMARY);
  const gate = new Recording()
    .start([{ id: 'a' }], ['tests'])
    .begin('a')
    .succeed('a', 100, 1);
  gate.gate('tests', false, 1500).end(1, 1600);
  assert.equal(
    await report(gate.events, { kind: 'quiet' }),
    `gate tests: failed with exit code 2 after 1.5s; its output is in logs/gate-tests.log
1 task, 1.6s
Nothing merged: 1 gate failed (tests). Finished tasks are kept.
Next: forge resume r1 (go on with what is not done), forge diff r1 (see what changed)
`,
  );
});

test('plain: rate limits, cancelled and up-to-date tasks', async () => {
  const recording = new Recording().start([{ id: 'a' }, { id: 'b' }]).begin('a');
  recording.fail('a', 500, { outcome: 'rate-limited', reason: undefined, retry: true, waitMs: 30_000 });
  recording.add(
    {
      type: 'task.finished',
      task: 'a',
      state: 'cancelled',
      attempts: 1,
      ms: 500,
      changes: 0,
      reason: 'interrupted',
    },
    { type: 'task.finished', task: 'b', state: 'up-to-date', attempts: 0, ms: 0, changes: 0 },
  );
  assert.deepEqual((await report(recording.events)).split('\n').slice(2), [
    'a: attempt 1 failed after 0.5s: rate limited; trying again in 30.0s',
    'a: cancelled: interrupted',
    'b: up to date',
    '',
  ]);
});

test('events from before a resume are known but not shown', async () => {
  const before = failedRun().events;
  const tasks = [{ id: 'api' }, { id: 'docs' }, { id: 'web' }];
  const recording = new Recording().start(tasks, [], { resumed: true }).begin('api').succeed('api', 700);
  recording.begin('docs').succeed('docs', 700).merged(['x']).end(0, 1500);
  const text = await report(recording.events, { before });
  assert.match(text, /^forge: resuming jwt-auth in \/tree, 3 tasks/);
  assert.match(text, /\n3 tasks \(1 done before\), 1\.5s\nMerged 1 file\.\n$/);
});

test('colours are on or off as told, whatever the environment says', async () => {
  const colored = await report(failedRun().events, { color: true });
  assert.ok(colored.includes('\u001b[31mapi:\u001b[39m failed after'));
  assert.equal(stripVTControlCharacters(colored), await report(failedRun().events));
});

test('the root is named as people write it: with ~ where it really is in the home folder, and harmless', async () => {
  const before = process.env.HOME;
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'forge-home-')));
  try {
    symlinkSync(home, `${home}.link`);
    const header = async (root: string) => {
      const shown = await report(new Recording().start([{ id: 'a' }], [], { root }).events);
      return shown.split('\n')[0]!.replace(/,.*/, '');
    };
    process.env.HOME = `${home}.link`;
    assert.equal(await header(`${home}/app`), 'forge: running jwt-auth in ~/app');
    assert.equal(await header(home), 'forge: running jwt-auth in ~');
    assert.equal(await header(`${home}work`), `forge: running jwt-auth in ${home}work`);
    assert.equal(await header('/a\x1b[31m\n'), 'forge: running jwt-auth in /a\\x1b[31m\\n');
    process.env.HOME = '/';
    assert.equal(await header('/srv/app'), 'forge: running jwt-auth in /srv/app');
    process.env.HOME = '/nowhere';
    assert.equal(await header('/nowhere2/app'), 'forge: running jwt-auth in /nowhere2/app');
  } finally {
    process.env.HOME = before;
    rmSync(home, { recursive: true });
    rmSync(`${home}.link`);
  }
});
