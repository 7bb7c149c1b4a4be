import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PlanFolder, text, v } from './plan-folder.js';

const plans = new PlanFolder();

describe('weird input', () => {
  const cases: [name: string, plan: string, expected: string[]][] = [
    ['an empty file', '', ['1:1 schema the plan is empty']],
    ['only a comment', '# nothing\n', ['1:1 schema the plan is empty']],
    ['a list at the top', '- a\n', ['1:1 schema the plan must be a forge plan; it is a list']],
    ['text at the top', 'hello\n', ['1:1 schema the plan must be a forge plan; it is text']],
    [
      'no keys that matter',
      'name: x\n',
      ['1:1 schema the plan lacks the key `version`', '1:1 schema the plan lacks the key `tasks`'],
    ],
    [
      'no tasks',
      'version: 1\ntasks: {}\n',
      ['2:1 schema `tasks` must be a map of task ids to tasks, with at least one task; it is a map'],
    ],
    [
      'a task without anything',
      'version: 1\ntasks: { a: }\n',
      ['2:10 schema `tasks.a` must be a task: a map with `prompt` or `run`; it is empty'],
    ],
    ['tabs', 'version: 1\ntasks:\n\ta: 1\n', ['3:1 yaml-syntax tabs are not allowed as indentation']],
    [
      'two documents',
      'version: 1\ntasks: { a: { run: x } }\n---\nb: 2\n',
      ['3:1 yaml-syntax a second document: a plan is a single YAML document'],
    ],
    [
      'an unquoted !pattern and an unquoted *pattern',
      'version: 1\ntasks: { a: { run: x, owns: [src/**, !src/x, *.md] } }\n',
      [
        '2:38 yaml-syntax `!src/x` is a YAML tag here, and plans have none',
        '2:46 yaml-syntax no anchor &.md comes before this alias',
      ],
    ],
    [
      'a list as a key',
      'version: 1\n? [a]\n: b\ntasks: { a: { run: x } }\n',
      ['2:3 yaml-syntax a key must be text, not a list', '2:3 schema unknown key `` in the plan'],
    ],
    [
      'an anchor that contains itself',
      'version: 1\nx-a: &a [*a]\ntasks: { a: { run: x } }\n',
      ['2:10 yaml-syntax the alias *a contains itself'],
    ],
    [
      'deep nesting in brackets',
      `a: ${'['.repeat(100_000)}`,
      ['1:66 yaml-syntax nested more than 64 levels deep'],
    ],
    ['deep nesting by dashes', '- '.repeat(100_000), ['1:127 yaml-syntax nested more than 64 levels deep']],
  ];
  for (const [name, plan, expected] of cases) {
    it(name, async () => {
      assert.deepEqual(await plans.brief(plan), expected);
    });
  }

  it('deep nesting by indentation', async () => {
    const plan = Array.from({ length: 2000 }, (_, i) => `${' '.repeat(i)}a:`).join('\n');
    const found = await plans.brief(plan);
    assert.deepEqual(found, ['64:64 yaml-syntax nested more than 64 levels deep'].slice(0, found.length));
    assert.equal(found.length, 1);
  });

  it('an alias bomb is refused', async () => {
    let bomb = 'version: 1\nx-0: &a0 [x, x, x, x, x, x, x, x, x]\n';
    for (let i = 1; i < 30; i += 1)
      bomb += `x-${i}: &a${i} [${Array(9)
        .fill(`*a${i - 1}`)
        .join(', ')}]\n`;
    const found = await plans.brief(`${bomb}tasks: { a: { run: x, owns: *a29 } }\n`);
    assert.ok(
      found.some((line) => /yaml-syntax aliases make more than 1000000 values/.test(line)),
      found.join('\n'),
    );
  });

  it('a variable bomb is refused', async () => {
    const names = Array.from({ length: 40 }, (_, i) => `v${i + 1}: "\${{ vars.v${i} }}\${{ vars.v${i} }}"`);
    const found = await plans.brief(
      `version: 1\nvars: { v0: xxxx, ${names.join(', ')} }\ntasks: { a: { run: "\${{ vars.v40 }}" } }\n`,
    );
    assert.match(found.join('\n'), /^2:\d+ schema variables make more than 64 MB of text of this plan$/);
  });

  it('storms of mistakes end', async () => {
    const references = Array.from({ length: 100_000 }, (_, i) => v(`vars.x${i}`)).join(' ');
    const one = await plans.brief(`version: 1\ntasks: { a: { run: "${references} ${'$'}{{" } }\n`);
    assert.equal(one.length, 20 + 1);
    const tasks = Array.from({ length: 100_000 }, (_, i) => `  t${i}: 1\n`);
    assert.equal((await plans.brief(`version: 1\ntasks:\n${tasks.join('')}`)).length, 10_000);
  });

  it('CRLF, a byte order mark and wide characters change no line or column', async () => {
    const found = await plans.brief('\ufeffversion: 2\r\ntasks:\r\n  a: { run: "日本語", needs: [b] }\r\n');
    assert.deepEqual(
      found.map((line) => line.split(' ')[0]),
      ['1:10', '3:28'],
    );
    const plan = await plans.plan(
      '\ufeffversion: 1\r\ntasks:\r\n  a:\r\n    prompt: |\r\n      one\r\n      two\r\n',
    );
    assert.equal(plan.tasks[0]!.prompt, 'one\ntwo\n');
  });

  it('names of object properties are ordinary names', async () => {
    const plan = await plans.plan(text`
      version: 1
      vars: { __proto__: p, constructor: c }
      locks: { constructor: 2 }
      env: { __proto__: e, toString: "${v('vars.__proto__')}${v('vars.constructor')}" }
      tasks:
        constructor: { run: x, owns: [a] }
        valueof: { run: x, needs: [constructor], locks: [tostring] }
    `);
    assert.deepEqual(Object.entries(plan.tasks[0]!.env), [
      ['__proto__', 'e'],
      ['toString', 'pc'],
    ]);
    assert.equal(plan.locks.constructor, 2);
    assert.equal(plan.locks.toString, undefined);
    assert.equal(({} as { e?: string }).e, undefined);
    assert.deepEqual(await plans.brief('version: 1\ntasks: { __proto__: { run: x } }\n'), [
      '2:10 schema the key `__proto__` in `tasks` must be a task id: at most 100 lower-case letters, digits, `.`, `_` and `-`, the first a letter or digit',
    ]);
    assert.equal((await plans.brief('version: 1\ntasks: { a: { run: x, needs: [__proto__] } }\n')).length, 1);
  });

  it('anchors, aliases and merge keys work, in x- keys too', async () => {
    const plan = await plans.plan(text`
      version: 1
      x-base: &base { run: "true", retries: 2, owns: &files [src/a/**] }
      tasks:
        a: { <<: *base, retries: 1 }
        b: { <<: [{ timeout: 1 }, *base], needs: [a] }
        c: { run: x, reads: *files }
    `);
    assert.deepEqual(
      plan.tasks.map(({ run, retries, timeout, owns }) => [
        run,
        retries,
        timeout,
        owns.map((p) => p.text).join(),
      ]),
      [
        ['true', 1, 1_800_000, 'src/a/**'],
        ['true', 2, 1000, 'src/a/**'],
        ['x', 0, 1_800_000, ''],
      ],
    );
    assert.deepEqual(await plans.brief('version: 1\ntasks: { a: { <<: 3, run: x } }\n'), [
      '2:19 yaml-syntax `<<` merges maps, not other values',
    ]);
  });

  it('10,000 tasks', async () => {
    const tasks = Array.from(
      { length: 10_000 },
      (_, i) => `  t${i}: { run: x, needs: [t${Math.floor(i / 2)}x] }\n`,
    );
    const found = await plans.brief(`version: 1\ntasks:\n${tasks.join('')}`);
    assert.equal(found.length, 10_000);
    assert.equal(found[9_999], '10002:28 unknown-task no task is called `t4999x`');
    const good = tasks.map((line) =>
      line.replace(/\[t(\d+)x\]/, (_, n: string) => (n === '0' ? '[]' : `[t${n}]`)),
    );
    assert.equal((await plans.plan(`version: 1\ntasks:\n${good.join('')}`)).tasks.length, 10_000);
  });
});
