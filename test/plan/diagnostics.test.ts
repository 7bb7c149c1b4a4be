import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { diagnosticsToJson } from '../../src/plan/index.js';
import { PlanFolder, text, v } from './plan-folder.js';

const plans = new PlanFolder();

/** Asserts the exact text that people see. */
async function assertProblems(plan: string, expected: string): Promise<void> {
  assert.equal(await plans.problems(plan), expected.trimEnd());
}

describe('one of each diagnostic', () => {
  it('yaml-syntax', () =>
    assertProblems(
      text`
        version: 1
        tasks:
          a:
            run: echo a: b
          b: "unclosed
      `,
      text`
        forge.plan.yaml:4:10: error[yaml-syntax]: nested mappings are not allowed in compact mappings
          |
        4 |     run: echo a: b
          |          ^
          = hint: put text that contains ${'`: `'} in quotes
        forge.plan.yaml:5:6: error[yaml-syntax]: missing closing "quote
          |
        5 |   b: "unclosed
          |      ^
      `,
    ));

  it('yaml-syntax: a duplicate key, and the rest is still checked', () =>
    assertProblems(
      text`
        version: 1
        tasks:
          a: { run: x }
          a: { run: y }
          b: { run: z, needs: [c] }
      `,
      text`
        forge.plan.yaml:4:3: error[yaml-syntax]: the key ${'`a`'} is there twice
          |
        4 |   a: { run: y }
          |   ^
          = forge.plan.yaml:3:3: first here
          |
        3 |   a: { run: x }
          |   ^
          = hint: remove or rename one of them
        forge.plan.yaml:5:24: error[unknown-task]: no task is called ${'`c`'}
          |
        5 |   b: { run: z, needs: [c] }
          |                        ^
          = hint: did you mean ${'`a`'}?
      `,
    ));

  it('schema: unknown key', () =>
    assertProblems(
      text`
        version: 1
        tasks:
          api:
            run: npm test
            own: [src/**]
      `,
      text`
        forge.plan.yaml:5:5: error[schema]: unknown key ${'`own`'} in ${'`tasks.api`'}
          |
        5 |     own: [src/**]
          |     ^^^
          = hint: did you mean ${'`owns`'}?
      `,
    ));

  it('schema: wrong type', () =>
    assertProblems(
      text`
        version: 1
        tasks:
          api: { run: npm test, owns: src/** }
      `,
      text`
        forge.plan.yaml:3:31: error[schema]: ${'`tasks.api.owns`'} must be a list of patterns; it is text
          |
        3 |   api: { run: npm test, owns: src/** }
          |                               ^^^^^^
      `,
    ));

  it('schema: prompt and run', () =>
    assertProblems(
      text`
        version: 1
        tasks:
          both:
            prompt: Do it.
            run: "true"
          neither:
            needs: [both]
      `,
      text`
        forge.plan.yaml:5:5: error[schema]: ${'`tasks.both`'} has both ${'`prompt`'} and ${'`run`'}
          |
        5 |     run: "true"
          |     ^^^
          = forge.plan.yaml:4:5: ${'`prompt`'} is here
          |
        4 |     prompt: Do it.
          |     ^^^^^^
          = hint: keep one: ${'`prompt`'} goes to an agent, ${'`run`'} is a command (to check an agent's work, use ${'`verify`'})
        forge.plan.yaml:6:3: error[schema]: ${'`tasks.neither`'} needs ${'`prompt`'} (for an agent) or ${'`run`'} (a command)
          |
        6 |   neither:
          |   ^^^^^^^
      `,
    ));

  it('unknown-task', () =>
    assertProblems(
      text`
        version: 1
        tasks:
          backend: { run: x }
          docs:
            run: y
            needs:
              - bakcend
              - "something else"
      `,
      text`
        forge.plan.yaml:7:9: error[unknown-task]: no task is called ${'`bakcend`'}
          |
        7 |       - bakcend
          |         ^^^^^^^
          = hint: did you mean ${'`backend`'}?
        forge.plan.yaml:8:9: error[unknown-task]: no task is called ${'`something else`'}
          |
        8 |       - "something else"
          |         ^^^^^^^^^^^^^^^^
      `,
    ));

  it('cycle: of needs', () =>
    assertProblems(
      text`
        version: 1
        tasks:
          a: { run: x, needs: [c] }
          b: { run: x, needs: [a] }
          c: { run: x, needs: [b] }
          me: { run: x, needs: [me] }
      `,
      text`
        forge.plan.yaml:3:24: error[cycle]: tasks that wait for each other can never start: a → c → b → a
          = forge.plan.yaml:3:24: ${'`a`'} needs ${'`c`'}
          |
        3 |   a: { run: x, needs: [c] }
          |                        ^
          = forge.plan.yaml:5:24: ${'`c`'} needs ${'`b`'}
          |
        5 |   c: { run: x, needs: [b] }
          |                        ^
          = forge.plan.yaml:4:24: ${'`b`'} needs ${'`a`'}
          |
        4 |   b: { run: x, needs: [a] }
          |                        ^
          = hint: take one of these out, or narrow the pattern
        forge.plan.yaml:6:25: error[cycle]: ${'`me`'} waits for itself
          = forge.plan.yaml:6:25: ${'`me`'} needs ${'`me`'}
          |
        6 |   me: { run: x, needs: [me] }
          |                         ^^
          = hint: take one of these out, or narrow the pattern
      `,
    ));

  it('cycle: of needs and reads', () =>
    assertProblems(
      text`
        version: 1
        tasks:
          db:
            run: x
            owns: [src/db/**]
            needs: [api]
          api:
            run: x
            reads: [src/db/schema.sql]
      `,
      text`
        forge.plan.yaml:6:13: error[cycle]: tasks that wait for each other can never start: db → api → db
          = forge.plan.yaml:6:13: ${'`db`'} needs ${'`api`'}
          |
        6 |     needs: [api]
          |             ^^^
          = forge.plan.yaml:9:13: ${'`api`'} reads "src/db/schema.sql", of which ${'`db`'} owns "src/db/**" (line 5)
          |
        9 |     reads: [src/db/schema.sql]
          |             ^^^^^^^^^^^^^^^^^
          = hint: take one of these out, or narrow the pattern
      `,
    ));

  it('ownership-overlap', () =>
    assertProblems(
      text`
        version: 1
        tasks:
          api:
            run: x
            owns: [src/api/**, README.md]
          auth:
            run: x
            owns:
              - src/lib/**
              - "src/api/auth.ts"
          later: { run: x, owns: [src/**], needs: [api, auth] }
          reader: { run: x, owns: [README.md], reads: [src/x, README.md] }
      `,
      text`
        forge.plan.yaml:5:12: error[ownership-overlap]: ${'`api`'} and ${'`auth`'} may both write src/api/auth.ts, and neither waits for the other
           |
         5 |     owns: [src/api/**, README.md]
           |            ^^^^^^^^^^
           = forge.plan.yaml:10:9: ${'`auth`'} owns it by "src/api/auth.ts"
           |
        10 |       - "src/api/auth.ts"
           |         ^^^^^^^^^^^^^^^^^
           = witness: src/api/auth.ts
           = hint: add "!src/api/auth.ts" to the ${'`owns`'} of ${'`api`'}, or let one wait: ${'`needs: [api]` in `auth`'}
      `,
    ));

  it('ownership-overlap as data', async () => {
    const result = await plans.read(
      'version: 1\ntasks:\n  a: { run: x, owns: [s/**] }\n  b: { run: x, owns: [s/x] }\n',
    );
    assert.ok(!result.ok);
    const [{ tasks, patterns, witness, related }] = result.diagnostics as [
      (typeof result.diagnostics)[number],
    ];
    assert.deepEqual(
      { tasks, patterns, witness },
      { tasks: ['a', 'b'], patterns: ['s/**', 's/x'], witness: 's/x' },
    );
    assert.deepEqual([related[0]!.at.line, related[0]!.at.column], [4, 23]);
  });

  it('pattern-invalid, path-outside-root and reserved-path point at the very characters', async () => {
    const found = await plans.read(text`
      version: 1
      tasks:
        a: { run: x, owns: ["src/[ab", src/../../x, /etc/x, .git/hooks/x] }
    `);
    assert.ok(!found.ok);
    assert.deepEqual(
      found.diagnostics.map(({ code, at }) => `${code} ${at.column}`),
      ['pattern-invalid 28', 'path-outside-root 38', 'path-outside-root 47', 'reserved-path 55'],
    );
  });

  it('unknown-agent', () =>
    assertProblems(
      text`
        version: 1
        agents: { cluade: { model: x } }
        defaults: { agent: drroid }
        tasks:
          a: { prompt: x, agent: shell }
          b: { prompt: x }
          c: { prompt: x, agent: something }
      `,
      text`
        forge.plan.yaml:2:11: error[unknown-agent]: no agent is called ${'`cluade`'}
          |
        2 | agents: { cluade: { model: x } }
          |           ^^^^^^
          = hint: did you mean ${'`claude`'}?
        forge.plan.yaml:3:20: error[unknown-agent]: no agent is called ${'`drroid`'}
          |
        3 | defaults: { agent: drroid }
          |                    ^^^^^^
          = hint: did you mean ${'`droid`'}?
        forge.plan.yaml:5:26: error[unknown-agent]: ${'`shell`'} takes no prompts: it is for ${'`run`'}
          |
        5 |   a: { prompt: x, agent: shell }
          |                          ^^^^^
          = hint: known agents: droid, claude
        forge.plan.yaml:7:26: error[unknown-agent]: no agent is called ${'`something`'}
          |
        7 |   c: { prompt: x, agent: something }
          |                          ^^^^^^^^^
          = hint: known agents: droid, claude
      `,
    ));

  it('unknown-variable', () =>
    assertProblems(
      text`
        version: 1
        vars: { model: x }
        tasks:
          a:
            prompt: |
              Use ${v('vars.model')} and ${v('vars.modle')}.
      `,
      text`
        forge.plan.yaml:6:33: error[unknown-variable]: no variable is called ${'`modle`'}
          |
        6 |       Use ${v('vars.model')} and ${v('vars.modle')}.
          |                                 ^^^^^^^^^^^^^^^^^
          = hint: did you mean ${'`model`'}?
      `,
    ));
});

describe('all problems in one go', () => {
  it('by place, whatever stage finds them', async () => {
    const found = await plans.brief(text`
      version: 2
      vars: { a: "${v('vars.zzz')}" }
      tasks:
        A: { run: x }
        a: { run: x, owns: [/etc], needs: [nope] }
        a: { run: x }
        b: { run: x, needs: [b], timeout: soon }
        c: { prompt: x, agent: nobody }
        d: 3
      gates: [{ name: x }]
    `);
    assert.deepEqual(
      found.map((line) => line.split(' ').slice(0, 2).join(' ')),
      [
        '1:10 schema',
        '2:13 unknown-variable',
        '4:3 schema',
        '5:23 path-outside-root',
        '5:38 unknown-task',
        '6:3 yaml-syntax',
        '7:24 cycle',
        '7:37 schema',
        '8:26 unknown-agent',
        '9:6 schema',
        '10:9 schema',
      ],
    );
  });

  it('an overlap is shown although other tasks are broken', async () => {
    const found = await plans.brief(text`
      version: 1
      tasks:
        broken: { run: [], owns: {}, needs: 7, locks: x, env: [], nope: 1 }
        a: { run: x, owns: [src/**] }
        b: { run: x, owns: [src/x] }
    `);
    assert.equal(found.filter((line) => line.includes('schema')).length, 6);
    assert.equal(found.filter((line) => line.includes('ownership-overlap')).length, 1);
  });
});

describe('diagnosticsToJson', () => {
  it('has the shape that the design gives, with related places', async () => {
    const result = await plans.read('version: 1\ntasks:\n  a: { run: x, needs: [a] }\n');
    const { file } = plans;
    assert.deepEqual(JSON.parse(JSON.stringify(diagnosticsToJson(file, result))), {
      ok: false,
      plan: file,
      tasks: 1,
      diagnostics: [
        {
          code: 'cycle',
          severity: 'error',
          message: '`a` waits for itself',
          file,
          line: 3,
          column: 24,
          endLine: 3,
          endColumn: 25,
          tasks: ['a'],
          hint: 'take one of these out, or narrow the pattern',
          related: [{ file, line: 3, column: 24, endLine: 3, endColumn: 25, message: '`a` needs `a`' }],
        },
      ],
    });
  });

  it('of a good plan', async () => {
    const result = await plans.read('version: 1\ntasks:\n  a: { run: x }\n');
    assert.deepEqual(diagnosticsToJson('p', result), { ok: true, plan: 'p', tasks: 1, diagnostics: [] });
  });
});
