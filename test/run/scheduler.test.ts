import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { LockUse } from '../../src/plan/index.js';
import { type Schedulable, Scheduler } from '../../src/run/schedule/scheduler.js';

const task = (
  id: string,
  prerequisites: string[] = [],
  priority = 1,
  locks: LockUse[] = [],
): Schedulable => ({
  id,
  prerequisites,
  priority,
  locks,
});
const write = (name: string): LockUse => ({ name, mode: 'write' });
const read = (name: string): LockUse => ({ name, mode: 'read' });

test('the longest way to the end starts first, up to the concurrency', () => {
  const scheduler = new Scheduler([task('short', [], 1), task('long', [], 5), task('middle', [], 3)], {
    concurrency: 2,
    locks: {},
  });
  assert.deepEqual(scheduler.decide().start, ['long', 'middle']);
  assert.deepEqual(scheduler.decide().start, []);
  scheduler.ended('middle', true);
  assert.deepEqual(scheduler.decide().start, ['short']);
});

test('a failure skips everything that depends on it, and nothing else', () => {
  const scheduler = new Scheduler([task('a'), task('b', ['a']), task('c', ['b']), task('d')], {
    concurrency: 4,
    locks: {},
  });
  assert.deepEqual(scheduler.decide().start, ['a', 'd']);
  assert.deepEqual(scheduler.ended('a', false).sort(), ['b', 'c']);
  assert.equal(scheduler.finished, false);
  scheduler.ended('d', true);
  assert.equal(scheduler.finished, true);
});

test('what is given up never becomes ready', () => {
  const scheduler = new Scheduler([task('a'), task('b', ['a'])], { concurrency: 1, locks: {} });
  assert.deepEqual(scheduler.decide(), { ready: ['a'], start: ['a'], waiting: [] });
  scheduler.ended('a', true);
  assert.deepEqual(scheduler.stop(), ['b']);
  assert.deepEqual(scheduler.decide(), { ready: [], start: [], waiting: [] });
});

test('readers share a lock, a writer excludes; who waits takes no slot and is told once', () => {
  const scheduler = new Scheduler(
    [
      task('w', [], 9, [write('db')]),
      task('r1', [], 8, [read('db')]),
      task('r2', [], 7, [read('db')]),
      task('free', [], 1),
    ],
    { concurrency: 3, locks: {} },
  );
  const first = scheduler.decide();
  assert.deepEqual(first.start, ['w', 'free']);
  assert.deepEqual(first.waiting, [
    { id: 'r1', locks: ['db'], holders: ['w'] },
    { id: 'r2', locks: ['db'], holders: ['w'] },
  ]);
  assert.deepEqual(scheduler.decide().waiting, []);
  scheduler.ended('w', true);
  assert.deepEqual(scheduler.decide().start, ['r1', 'r2']);
});

test('a reader does not overtake a writer that waits', () => {
  const scheduler = new Scheduler(
    [task('r1', [], 9, [read('db')]), task('w', [], 5, [write('db')]), task('r2', [], 1, [read('db')])],
    { concurrency: 3, locks: {} },
  );
  assert.deepEqual(scheduler.decide().start, ['r1']);
  scheduler.ended('r1', true);
  assert.deepEqual(scheduler.decide().start, ['w']);
});

test('a lock named like something every object has is an ordinary lock', () => {
  const scheduler = new Scheduler(
    [task('a', [], 1, [write('constructor')]), task('b', [], 1, [write('constructor')])],
    { concurrency: 2, locks: {} },
  );
  assert.deepEqual(scheduler.decide().start, ['a']);
});

test('property: order, concurrency and locks are respected, everything runs once, nothing gets stuck', () => {
  const plan = fc.integer({ min: 1, max: 14 }).chain((size) =>
    fc.record({
      tasks: fc.tuple(
        ...Array.from({ length: size }, (_, index) =>
          fc.record({
            prerequisites: fc.subarray(Array.from({ length: index }, (_, earlier) => `t${earlier}`)),
            priority: fc.integer({ min: 0, max: 5 }),
            fails: fc.boolean().map((value) => value && index % 3 === 0),
            locks: fc.uniqueArray(
              fc.record({
                name: fc.constantFrom('x', 'y', 'z'),
                mode: fc.constantFrom('read' as const, 'write' as const),
              }),
              { selector: ({ name }) => name },
            ),
          }),
        ),
      ),
      concurrency: fc.integer({ min: 1, max: 5 }),
      capacity: fc.integer({ min: 1, max: 3 }),
      order: fc.infiniteStream(fc.nat()),
    }),
  );
  fc.assert(
    fc.property(plan, ({ tasks, concurrency, capacity, order }) => {
      const all = tasks.map((each, index) => ({ ...each, id: `t${index}` }));
      const byId = new Map(all.map((each) => [each.id, each]));
      const scheduler = new Scheduler(all, { concurrency, locks: { x: capacity } });
      const running = new Set<string>();
      const state = new Map<string, 'succeeded' | 'failed' | 'skipped'>();
      while (!scheduler.finished) {
        for (const id of scheduler.decide().start) {
          assert.ok(!running.has(id) && !state.has(id), `${id} started twice`);
          for (const needed of byId.get(id)!.prerequisites) assert.equal(state.get(needed), 'succeeded');
          running.add(id);
        }
        assert.ok(running.size > 0 && running.size <= concurrency);
        for (const name of ['x', 'y', 'z']) {
          const uses = [...running].flatMap((id) => byId.get(id)!.locks.filter((lock) => lock.name === name));
          const writers = uses.filter(({ mode }) => mode === 'write').length;
          assert.ok(writers <= (name === 'x' ? capacity : 1));
          if (writers > 0) assert.equal(uses.length, writers);
        }
        const next = [...running][order.next().value % running.size]!;
        running.delete(next);
        const ok = !byId.get(next)!.fails;
        state.set(next, ok ? 'succeeded' : 'failed');
        for (const id of scheduler.ended(next, ok)) state.set(id, 'skipped');
      }
      assert.equal(state.size, all.length);
    }),
    { numRuns: 500 },
  );
});
