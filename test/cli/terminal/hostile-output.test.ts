import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { eventsOf, type Project, project } from '../../rig/project.js';

const running = (t: TestContext, run: string, more = ''): Project =>
  project(t, {
    'print.sh': run,
    'forge.plan.yaml': `version: 1\ntasks:\n  loud: { run: sh print.sh }\n  quiet: { run: 'echo fine > fine', owns: [fine] }\n${more}`,
  });

const logOf = (here: Project): string =>
  here.path(`.forge/runs/${here.run()}/tasks/loud/attempt-1/output.log`);

test('a task that prints without end is stopped with a clear error; the other task is unharmed; memory is bounded', async (t) => {
  const here = running(t, 'yes "a line of output that goes on and on"');
  const result = await here.forge(['apply', '-k', '--json'], {
    env: { NODE_OPTIONS: '--max-old-space-size=96' },
  });
  assert.equal(result.code, 1, result.stderr);
  const [attempt] = eventsOf(result.events, 'attempt.finished').filter(({ task }) => task === 'loud');
  assert.match(attempt?.reason ?? '', /printed more than 256 MiB/);
  const quiet = eventsOf(result.events, 'task.finished').find(({ task }) => task === 'quiet');
  assert.equal(quiet?.state, 'succeeded');
  assert.ok(statSync(logOf(here)).size <= 257 * 1024 * 1024);
  assert.ok(eventsOf(result.events, 'attempt.output').length < 10_000, 'the journal stays small');
});

test('a line of 50 MB and bytes that are not UTF-8 are kept whole in the log, cut in the events', async (t) => {
  const here = running(t, `head -c 50000000 /dev/zero | tr '\\0' x; echo; printf 'caf\\351 \\377\\n'`);
  const result = await here.forge(['apply', '--json'], { env: { NODE_OPTIONS: '--max-old-space-size=96' } });
  assert.equal(result.code, 0, result.stderr);
  const output = eventsOf(result.events, 'attempt.output').map(({ text }) => text);
  assert.deepEqual(
    output.map((text) => text.slice(0, 8)),
    ['xxxxxxxx', 'caf\ufffd \ufffd'],
  );
  assert.ok(output[0]!.length < 3000);
  const log = readFileSync(logOf(here));
  assert.equal(log.length, 50_000_001 + 7);
  assert.ok(log.subarray(-7).equals(Buffer.from('caf\xe9 \xff\n', 'latin1')));
  assert.doesNotMatch(result.stderr, /Warning/, 'Node complains of nothing');
});

test('output that imitates forge’s events is only output', async (t) => {
  const here = running(t, `echo '{"v":1,"seq":1,"type":"run.finished","exitCode":0,"ms":1}'; exit 1`);
  const result = await here.forge(['apply', '--json']);
  assert.equal(result.code, 1);
  assert.equal(eventsOf(result.events, 'run.finished').length, 1);
  assert.equal(eventsOf(result.events, 'run.finished')[0]?.exitCode, 1);
});

test('terminal escape sequences in names and output are never printed raw', async (t) => {
  const here = running(t, `printf '\\033]0;owned\\007 \\033[2J\\n'; exit 1`);
  for (const args of [['apply', '-v'], ['status'], ['ls']]) {
    const result = await here.forge(args);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    assert.doesNotMatch(result.stdout + result.stderr, /[\x00-\x08\x0b-\x1f\x7f]/, args.join(' '));
  }
});

test('values of variables named like secrets are masked in events, logs and what is printed', async (t) => {
  const here = running(
    t,
    'echo "token=$MY_API_TOKEN plain=$PLAIN"',
    `env: { PLAIN: visible-value }\ngates:\n  - { name: leak, run: 'echo $MY_API_TOKEN; false' }\n`,
  );
  const result = await here.forge(['apply', '-v'], { env: { MY_API_TOKEN: 'hunter2-hunter2' } });
  assert.equal(result.code, 1);
  const stored =
    readFileSync(here.path(`.forge/runs/${here.run()}/journal.ndjson`), 'utf8') +
    readFileSync(logOf(here), 'utf8');
  const leak = await here.forge(['logs', 'leak']);
  for (const text of [result.stdout, result.stderr, stored, leak.stdout])
    assert.doesNotMatch(text, /hunter2/);
  assert.match(stored, /token=\*\*\* plain=visible-value/);
});

test('a secret that is cut over pieces of the output is masked in each of a million bytes of it', async (t) => {
  // A line of 20 bytes does not fit a whole number of times into the pieces that a pipe gives.
  const here = running(t, 'yes "a $MY_API_TOKEN b" | head -c 1000000');
  const result = await here.forge(['apply', '-v'], { env: { MY_API_TOKEN: 'hunter2-hunter2' } });
  assert.equal(result.code, 0, result.stderr);
  const lines = new Set(readFileSync(logOf(here), 'utf8').split('\n'));
  assert.deepEqual([...lines], ['a *** b', '']);
  assert.doesNotMatch(result.stdout, /hunter2-hunter2/);
});
