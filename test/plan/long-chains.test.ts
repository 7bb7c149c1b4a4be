import assert from 'node:assert/strict';
import { it } from 'node:test';
import { PlanFolder, v } from './plan-folder.js';

const plans = new PlanFolder();
const MANY = 20_000;
const LONG = 1000;

/** `v0` uses `v1`, which uses `v2` ...; what the last one is. */
function chained(last: string, order: (names: number[]) => number[] = (names) => names): string {
  const names = order(Array.from({ length: MANY }, (_, i) => i));
  const lines = names.map(
    (i) =>
      `  v${i}: "${i === MANY - 1 ? last : `a${v(`vars.v${i + 1}`)}`.replace(/^a/, i % 1000 === 0 ? 'a' : '')}"`,
  );
  return `version: 1\nvars:\n${lines.join('\n')}\ntasks: { a: { run: "echo ${v('vars.v0')}" } }\n`;
}

it('variables that use each other in a chain of any length have values', async () => {
  const expected = `echo ${'a'.repeat(MANY / 1000)}end`;
  assert.equal((await plans.plan(chained('end'))).tasks[0]!.run, expected);
  assert.equal((await plans.plan(chained('end', (names) => names.reverse()))).tasks[0]!.run, expected);
});

it('a circle of any length is a diagnostic', async () => {
  const found = await plans.brief(chained(v('vars.v0')));
  assert.match(found[0]!, /unknown-variable more than 500 variables use each other in a circle/);
});

it('tasks in a long chain may own the same, and those beside the chain may not', async () => {
  const task = (id: string, needs: string) => `  ${id}: { run: x, owns: ["src/**"], needs: [${needs}] }\n`;
  let text = 'version: 1\ntasks:\n';
  for (let i = 0; i < LONG; i += 1) text += task(`t${i}`, i === 0 ? '' : `t${i - 1}`);
  assert.deepEqual(await plans.brief(text), []);
  const beside = await plans.brief(text + task('beside', `t${LONG - 3}`));
  assert.deepEqual(
    beside.map((line) => line.replace(/^.*overlap /, '')),
    [LONG - 2, LONG - 1].map(
      (i) => `\`t${i}\` and \`beside\` may both write src/a, and neither waits for the other`,
    ),
  );
  // As many in the plan's order as before, but t1 and t0 both come before t2 only.
  const fork = `version: 1\ntasks:\n${Array.from({ length: 10 }, (_, i) => task(`t${i}`, i === 0 || i === 1 ? '' : i === 2 ? 't0, t1' : `t${i - 1}`)).join('')}`;
  assert.equal((await plans.brief(fork)).length, 1);
});
