import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { createReporter } from '../../src/report/index.js';
import { failedRun, memoryStream, mergedRun } from './recording.js';

test('json: exactly one line per event, which reads back as the event', async () => {
  const stdout = memoryStream();
  const stderr = memoryStream();
  const reporter = createReporter({ kind: 'json', stdout, stderr, color: true, verbose: true });
  const events = [...mergedRun().events, ...failedRun().events];
  for (const event of events) reporter.event(event);
  await reporter.close();
  const lines = stdout.text().split('\n');
  assert.equal(lines.pop(), '');
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)),
    events,
  );
  assert.equal(stderr.text(), '');
});

/** Reports events without end; tells on stderr when 3,000 have been written after the reader went away. */
const REPORT = `
  import { createReporter } from './src/report/index.ts';
  import { failedRun } from './test/report/recording.ts';
  const [kind] = process.argv.slice(-1);
  const reporter = createReporter({ kind, stdout: process.stdout, stderr: process.stderr, color: false, verbose: true });
  const events = failedRun().events;
  reporter.event(events[0]);
  process.stdin.once('data', async () => {
    for (let round = 0; round < 300; round += 1) {
      for (const event of events) reporter.event(event);
      await new Promise(setImmediate);
    }
    await reporter.close();
    process.stderr.write('the run went on\\n');
    process.exit(0);
  });
`;

for (const kind of ['json', 'plain']) {
  test(`${kind}: a reader who goes away does not end the run`, async () => {
    const root = new URL('../..', import.meta.url);
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', REPORT, kind], {
      cwd: root,
    });
    const errors: string[] = [];
    child.stderr.on('data', (chunk) => errors.push(String(chunk)));
    await once(child.stdout, 'data');
    child.stdout.destroy();
    await once(child.stdout, 'close');
    child.stdin.end('go\n');
    const [code] = await once(child, 'close');
    assert.deepEqual([code, errors.join('')], [0, 'the run went on\n']);
  });
}
