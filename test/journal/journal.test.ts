import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Journal, JournalDamagedError, readJournal } from '../../src/journal/index.js';

const folder = mkdtempSync(join(tmpdir(), 'forge-journal-'));
after(() => rmSync(folder, { recursive: true }));

async function written(name: string, tasks: string[]): Promise<string> {
  const file = join(folder, name);
  const journal = new Journal(file, 'r1');
  for (const task of tasks) journal.append({ type: 'task.ready', task });
  await journal.close();
  return file;
}

test('events come back as they were appended, numbered from 1', async () => {
  const file = await written('plain', ['a', 'b\n"ü\udc80']);
  const events = [...readJournal(file)];
  assert.deepEqual(
    events.map((event) => [event.seq, event.run, event.type === 'task.ready' && event.task]),
    [
      [1, 'r1', 'a'],
      [2, 'r1', 'b\n"ü\udc80'],
    ],
  );
});

test('listeners see each event once, after it was written', async () => {
  const file = join(folder, 'listened');
  const journal = new Journal(file, 'r1');
  const seen: string[] = [];
  journal.listen((event) => seen.push(`${event.seq}:${readFileSync(file, 'utf8').split('\n').length - 1}`));
  journal.append({ type: 'task.ready', task: 'a' });
  journal.append({ type: 'task.ready', task: 'b' });
  await journal.close();
  assert.deepEqual(seen, ['1:1', '2:2']);
});

test('a torn last line is ignored, cut off, and appending goes on after it', async () => {
  const file = await written('torn', ['a', 'b']);
  appendFileSync(file, '{"v":1,"seq":3,"ty');
  assert.equal([...readJournal(file)].length, 2);
  const journal = new Journal(file, 'r1', 2);
  journal.append({ type: 'task.ready', task: 'c' });
  await journal.close();
  assert.deepEqual(
    [...readJournal(file)].map((event) => event.type === 'task.ready' && event.task),
    ['a', 'b', 'c'],
  );
});

test('a torn line longer than a block is cut off too, and an only torn line leaves an empty file', async () => {
  const file = await written('long', ['a']);
  appendFileSync(file, 'x'.repeat(200_000));
  await new Journal(file, 'r1', 1).close();
  assert.equal([...readJournal(file)].length, 1);
  writeFileSync(file, '{"v":1');
  await new Journal(file, 'r1').close();
  assert.equal(readFileSync(file, 'utf8'), '');
});

test('events longer than a block are read back whole', async () => {
  const file = await written('wide', ['a'.repeat(150_000), 'b']);
  assert.deepEqual(
    [...readJournal(file)].map((event) => event.type === 'task.ready' && event.task.length),
    [150_000, 1],
  );
});

test('damage in the middle is reported with its line: garbage, a missing line', async () => {
  const garbage = await written('garbage', ['a', 'b', 'c']);
  const lines = readFileSync(garbage, 'utf8').split('\n');
  writeFileSync(garbage, [lines[0], '{"v":1,oops', lines[2], ''].join('\n'));
  assert.throws(
    () => [...readJournal(garbage)],
    (error) => error instanceof JournalDamagedError && error.line === 2,
  );
  writeFileSync(garbage, [lines[0], lines[2], ''].join('\n'));
  assert.throws(
    () => [...readJournal(garbage)],
    (error) => error instanceof JournalDamagedError && error.line === 2,
  );
});
