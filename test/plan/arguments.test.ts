import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PlanFolder, text, v } from './plan-folder.js';

const plans = new PlanFolder();

/** The longest argument that Linux takes, without the NUL that ends it. */
const LONGEST = 128 * 1024 - 1;

describe('what no program can be started with is refused in the plan', () => {
  for (const [key, plan, at] of [
    ['run', 'tasks: { a: { run: "x\\0y" } }', '2:20'],
    ['verify', 'tasks: { a: { run: x, verify: "x\\0y" } }', '2:31'],
    ['defaults.verify', 'defaults: { verify: "x\\0y" }\ntasks: { a: { run: x } }', '2:21'],
    ['a gate', 'tasks: { a: { run: x } }\ngates: [{ name: g, run: "x\\0y" }]', '3:25'],
  ] as const) {
    it(`${key}: a NUL`, async () => {
      const found = await plans.brief(`version: 1\n${plan}\n`);
      assert.equal(found.length, 1, found.join('\n'));
      assert.match(found[0]!, new RegExp(`^${at} schema .* a shell command: .* without NUL`));
    });
  }

  it('a NUL in the name of a model', async () => {
    const plan = 'version: 1\nagents: { droid: { model: "x\\0y" } }\ntasks: { a: { prompt: x } }\n';
    assert.match((await plans.brief(plan))[0]!, /^2:27 schema `agents.droid.model` must be text without NUL/);
  });

  it('control characters in a name', async () => {
    const plan = 'version: 1\nname: "a\\eb"\ntasks: { a: { run: x } }\n';
    assert.match((await plans.brief(plan))[0]!, /^2:7 schema `name` must be a line of text/);
  });

  for (const [key, plan, at] of [
    ['run', (value: string) => `tasks: { a: { run: ${value} } }`, '2:20'],
    ['verify', (value: string) => `tasks: { a: { run: x, verify: ${value} } }`, '2:31'],
    ['run', (value: string) => `tasks: { a: { run: x } }\ngates: [{ name: g, run: ${value} }]`, '3:25'],
  ] as const) {
    it(`${key} longer than an argument may be (${at})`, async () => {
      const long = `version: 1\n${plan('x'.repeat(LONGEST + 1))}\n`;
      const [found] = await plans.brief(long);
      assert.equal(
        found,
        `${at} schema \`${key}\` is 128.0 KiB long, and a command may have less than 128 KiB`,
      );
      assert.match(await plans.problems(long), /\^\n {2,}= hint: put it in a script and run that\n?$/);
      assert.deepEqual(await plans.brief(`version: 1\n${plan('x'.repeat(LONGEST))}\n`), []);
    });
  }

  it('bytes count, not characters', async () => {
    const plan = `version: 1\ntasks: { a: { run: ${'é'.repeat(LONGEST / 2 + 1)} } }\n`;
    assert.match((await plans.brief(plan))[0]!, /^2:20 schema `run` is 128\.0 KiB long/);
  });

  it('variables make a command too long', async () => {
    const plan = text`
      version: 1
      vars: { x: ${'x'.repeat(70_000)} }
      tasks: { a: { run: "${v('vars.x')}${v('vars.x')}" } }
    `;
    assert.match((await plans.brief(plan))[0]!, /^3:20 schema `run` is 136\.7 KiB long/);
  });

  for (const [where, plan, at] of [
    ['env', (value: string) => `env: { NAME: ${value} }\ntasks: { a: { run: x } }`, '2:14'],
    [
      'defaults.env',
      (value: string) => `defaults: { env: { NAME: ${value} } }\ntasks: { a: { run: x } }`,
      '2:26',
    ],
    ['tasks.a.env', (value: string) => `tasks: { a: { run: x, env: { NAME: ${value} } } }`, '2:36'],
    [
      'gate',
      (value: string) => `tasks: { a: { run: x } }\ngates: [{ name: g, run: x, env: { NAME: ${value} } }]`,
      '3:41',
    ],
  ] as const) {
    it(`${where}: NAME=value longer than an argument may be`, async () => {
      const room = LONGEST - 'NAME='.length;
      const [found] = await plans.brief(`version: 1\n${plan('x'.repeat(room + 1))}\n`);
      assert.equal(
        found,
        `${at} schema \`NAME\` and its value are 128.0 KiB long, and a variable of the environment may have less than 128 KiB`,
      );
      assert.deepEqual(await plans.brief(`version: 1\n${plan('x'.repeat(room))}\n`), []);
    });
  }

  it('a prompt goes by file and may be longer', async () => {
    assert.deepEqual(await plans.brief(`version: 1\ntasks: { a: { prompt: ${'x'.repeat(200_000)} } }\n`), []);
  });
});
