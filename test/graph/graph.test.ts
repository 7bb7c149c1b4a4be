import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Edge, findCycles, TaskGraph } from '../../src/graph/index.js';

const edge = (from: number, to: number): Edge => ({ from: `t${from}`, to: `t${to}` });
const tasksOf = (size: number) => Array.from({ length: size }, (_, i) => ({ id: `t${i}` }));

/** Up to 40 tasks with any edges among them (`cyclic`), or only edges along a random order of the tasks. */
const graphs = (cyclic: boolean) =>
  fc.integer({ min: 1, max: 40 }).chain((size) =>
    fc
      .record({
        rank: fc.shuffledSubarray([...Array(size).keys()], { minLength: size }),
        pairs: fc.array(fc.tuple(fc.nat(size - 1), fc.nat(size - 1)), { maxLength: 90 }),
      })
      .map(({ rank, pairs }) => ({
        tasks: tasksOf(size),
        edges: cyclic
          ? pairs.map(([a, b]) => edge(a, b))
          : pairs
              .filter(([a, b]) => a !== b)
              .map(([a, b]) => (rank[a]! < rank[b]! ? edge(a, b) : edge(b, a))),
      })),
  );

/** Reachability by Floyd and Warshall, one edge or more. */
function bruteForce(size: number, edges: readonly Edge[]): boolean[][] {
  const reach = Array.from({ length: size }, () => new Array<boolean>(size).fill(false));
  for (const { from, to } of edges) reach[Number(from.slice(1))]![Number(to.slice(1))] = true;
  for (let k = 0; k < size; k += 1)
    for (let i = 0; i < size; i += 1)
      for (let j = 0; j < size; j += 1) if (reach[i]![k] && reach[k]![j]) reach[i]![j] = true;
  return reach;
}

describe('graph laws', () => {
  it('order: every task once, after its prerequisites', () => {
    fc.assert(
      fc.property(graphs(false), ({ tasks, edges }) => {
        const order = new TaskGraph({ tasks, edges }).order();
        assert.deepEqual([...order].sort(), tasks.map((task) => task.id).sort());
        for (const { from, to } of edges) assert.ok(order.indexOf(from) < order.indexOf(to));
      }),
    );
  });

  it('order: plan order stays where nothing forbids it', () => {
    fc.assert(
      fc.property(graphs(false), ({ tasks, edges }) => {
        const forward = edges.filter(({ from, to }) => Number(from.slice(1)) < Number(to.slice(1)));
        assert.deepEqual(
          new TaskGraph({ tasks, edges: forward }).order(),
          tasks.map((task) => task.id),
        );
      }),
    );
    const moved = new TaskGraph({ tasks: tasksOf(4), edges: [edge(3, 1)] });
    assert.deepEqual(moved.order(), ['t0', 't3', 't1', 't2']);
  });

  it('ordered, prerequisites and select equal brute force, with and without cycles', () => {
    fc.assert(
      fc.property(fc.boolean().chain(graphs), ({ tasks, edges }) => {
        const graph = new TaskGraph({ tasks, edges });
        const reach = bruteForce(tasks.length, edges);
        const order = graph.order();
        tasks.forEach((a, i) => {
          tasks.forEach((b, j) => {
            assert.equal(
              graph.ordered(a.id, b.id),
              i === j || reach[i]![j]! || reach[j]![i]!,
              `${a.id} ${b.id}`,
            );
          });
          const before = order.filter((id) => reach[Number(id.slice(1))]![i]);
          assert.deepEqual(graph.prerequisites(a.id), before);
          assert.deepEqual(
            graph.select([a.id]),
            order.filter((id) => id === a.id || before.includes(id)),
          );
        });
      }),
    );
  });

  it('isChain: every two of the tasks are ordered', () => {
    fc.assert(
      fc.property(
        fc.boolean().chain(graphs),
        fc.array(fc.nat(39), { maxLength: 4 }),
        ({ tasks, edges }, some) => {
          const graph = new TaskGraph({ tasks, edges });
          const ids = some.map((i) => tasks[i % tasks.length]!.id);
          assert.equal(
            graph.isChain(ids),
            ids.every((a) => ids.every((b) => graph.ordered(a, b))),
          );
        },
      ),
    );
  });

  it('a cycle is found if and only if there is one; cycles are closed, share no edge, and breaking them leaves none', () => {
    fc.assert(
      fc.property(fc.boolean().chain(graphs), ({ tasks, edges }) => {
        const ids = tasks.map((task) => task.id);
        const cycles = findCycles(ids, edges);
        assert.equal(
          cycles.length > 0,
          bruteForce(tasks.length, edges).some((row, i) => row[i]),
        );
        for (const cycle of cycles) {
          cycle.forEach((step, i) => {
            assert.equal(step.to, cycle[(i + 1) % cycle.length]!.from);
          });
          assert.equal(
            new Set(cycle.map((step) => step.from)).size,
            cycle.length,
            'no task twice in a cycle',
          );
        }
        const used = cycles.flat();
        assert.equal(new Set(used).size, used.length);
        if (cycles.length < 20)
          assert.deepEqual(
            findCycles(
              ids,
              edges.filter((e) => !used.includes(e)),
            ),
            [],
          );
      }),
    );
  });

  it('priority: own weight plus the largest priority of what waits for it', () => {
    fc.assert(
      fc.property(
        graphs(false),
        fc.array(fc.nat(9), { minLength: 40, maxLength: 40 }),
        ({ tasks, edges }, weights) => {
          const graph = new TaskGraph({
            tasks: tasks.map((task, i) => ({ ...task, estimate: weights[i] })),
            edges,
          });
          const priorities = graph.priorities();
          tasks.forEach(({ id }, i) => {
            const next = edges.filter(({ from }) => from === id);
            const after = Math.max(0, ...next.map(({ to }) => priorities.get(to)!));
            assert.equal(priorities.get(id), weights[i]! + after);
          });
        },
      ),
    );
  });
});

describe('graph', () => {
  it('direct prerequisites come in plan order, each once', () => {
    const graph = new TaskGraph({ tasks: tasksOf(4), edges: [edge(2, 3), edge(0, 3), edge(2, 3)] });
    assert.deepEqual(graph.directPrerequisites('t3'), ['t0', 't2']);
  });

  it('without an estimate a task weighs 1', () => {
    const graph = new TaskGraph({ tasks: tasksOf(3), edges: [edge(0, 1), edge(1, 2)] });
    assert.deepEqual([...graph.priorities().values()], [3, 2, 1]);
  });

  it('an unknown id is an error', () => {
    assert.throws(
      () => new TaskGraph({ tasks: tasksOf(1), edges: [] }).prerequisites('nope'),
      /no task is called "nope"/,
    );
  });

  it('prints one cycle of every kind: itself, two through one task', () => {
    const ids = tasksOf(4).map((task) => task.id);
    const cycles = findCycles(ids, [edge(3, 3), edge(0, 1), edge(1, 0), edge(1, 2), edge(2, 1)]);
    assert.deepEqual(
      cycles.map((cycle) => cycle.map((step) => step.from)),
      [['t0', 't1'], ['t1', 't2'], ['t3']],
    );
  });

  for (const [shape, edges] of Object.entries({
    chain: Array.from({ length: 9_999 }, (_, i) => edge(i, i + 1)),
    'one cycle': Array.from({ length: 10_000 }, (_, i) => edge(i, (i + 1) % 10_000)),
    star: Array.from({ length: 9_999 }, (_, i) => edge(0, i + 1)),
    layers: Array.from({ length: 9_900 }, (_, i) => i).flatMap((i) =>
      Array.from({ length: 10 }, (_, k) => edge(i, (Math.floor(i / 100) + 1) * 100 + ((i + k * 7) % 100))),
    ),
    random: Array.from({ length: 30_000 }, (_, i) => {
      const to = 1 + ((i * 7_919) % 9_999);
      return edge((i * 104_729) % to, to);
    }),
  })) {
    it(`10,000 tasks: ${shape}`, () => {
      const tasks = tasksOf(10_000);
      const graph = new TaskGraph({ tasks, edges });
      const before = process.memoryUsage().arrayBuffers;
      assert.equal(graph.ordered('t0', 't9999'), true);
      const tables = process.memoryUsage().arrayBuffers - before;
      assert.ok(tables < 14e6, `tables take ${tables} bytes`);
      assert.equal(graph.order().length, 10_000);
      assert.equal(
        findCycles(
          tasks.map((task) => task.id),
          edges,
        ).length,
        shape === 'one cycle' ? 1 : 0,
      );
      assert.equal(graph.priorities().size, 10_000);
    });
  }
});
