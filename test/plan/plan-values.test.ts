import assert from 'node:assert/strict';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { TaskGraph } from '../../src/graph/index.js';
import { readPlan } from '../../src/plan/index.js';
import { PlanFolder, temporaryFolder, text, v } from './plan-folder.js';

const plans = new PlanFolder();

/** Without the missing prototypes, which deepEqual would compare. */
const plain = (value: unknown) => JSON.parse(JSON.stringify(value));

describe('a whole plan', () => {
  it('reads every key of the design', async () => {
    const plan = await plans.plan(text`
      version: 1
      name: jwt-auth
      goal: Add user authentication with JWT
      root: .
      concurrency: 3
      vars: { model: claude-opus-5 }
      env: { NODE_ENV: test, N: 1.10, YES: true }
      agents: { droid: { model: "${v('vars.model')}", auto: medium, depth: 2 } }
      defaults: { agent: droid, timeout: 20m, retries: 1, env: { NODE_ENV: ci } }
      locks: { database: 1, browser: 2 }
      secrets: [PIN, '!NO_TOKEN', "${v('vars.model')}", 'MY_*']
      tasks:
        schema: { run: "true", owns: [src/db/**], estimate: 90, capabilities: [CAP_SYS_ADMIN, net_admin, Sys_Admin] }
        backend:
          description: API endpoints
          droid: df-backend
          prompt: |
            Add endpoints.
          owns: [src/api/**, "!src/api/x.ts"]
          reads: [src/db/**]
          locks: { database: read, browser: write }
          verify: npm test -- api
          timeout: 1h30m
          retries: 2
          env: { A: "1" }
        docs: { run: npx typedoc, needs: [backend], locks: [b, a, b] }
      gates:
        - { name: tests, run: npm test }
        - { name: build, run: npm run build, timeout: 500ms, env: { NODE_ENV: production } }
    `);
    const { tasks, gates, text: source, edges, ...rest } = plain(plan);
    assert.deepEqual(rest, {
      file: plans.file,
      root: plans.folder,
      caseInsensitive: false,
      name: 'jwt-auth',
      goal: 'Add user authentication with JWT',
      concurrency: 3,
      locks: { database: 1, browser: 2 },
      secrets: ['PIN', '!NO_TOKEN', 'claude-opus-5', 'MY_*'],
      splits: {},
    });
    assert.match(source, /^version: 1\n/);
    const { at, owns, reads, ...backend } = tasks[1];
    assert.deepEqual(backend, {
      id: 'backend',
      description: 'API endpoints',
      agent: 'droid',
      prompt: 'Add endpoints.\n',
      persona: 'df-backend',
      settings: { model: 'claude-opus-5', auto: 'medium', depth: 2 },
      needs: [],
      locks: [
        { name: 'browser', mode: 'write' },
        { name: 'database', mode: 'read' },
      ],
      verify: 'npm test -- api',
      timeout: 5_400_000,
      retries: 2,
      env: { NODE_ENV: 'ci', N: '1.10', YES: 'true', A: '1' },
    });
    assert.deepEqual([at.line, at.column, at.endColumn], [14, 3, 10]);
    assert.deepEqual(
      owns.map((p: { text: string }) => p.text),
      ['src/api/**', '!src/api/x.ts'],
    );
    assert.equal(owns[1].at.column, 24);
    assert.equal(tasks[0].agent, 'shell');
    assert.equal(tasks[0].estimate, 90_000);
    assert.deepEqual(tasks[0].capabilities, ['sys_admin', 'net_admin']);
    assert.equal(tasks[0].timeout, 1_200_000);
    assert.deepEqual(tasks[2].locks, [
      { name: 'a', mode: 'write' },
      { name: 'b', mode: 'write' },
    ]);
    assert.deepEqual(
      edges.map(({ from, to, reason }: Record<string, string>) => `${from} ${reason} ${to}`),
      ['backend needs docs', 'schema reads backend'],
    );
    assert.deepEqual(new TaskGraph(plan).prerequisites('docs'), ['schema', 'backend']);
    assert.equal(gates[0].timeout, 1_800_000);
    assert.equal(gates[1].timeout, 500);
    assert.deepEqual(gates[1].env, { NODE_ENV: 'production', N: '1.10', YES: 'true' });
  });

  it('has the documented defaults', async () => {
    const plan = await plans.plan('version: 1\ntasks: { a: { prompt: x } }\n');
    assert.equal(plan.concurrency, 4);
    assert.equal(plan.name, plans.folder.split('/').pop());
    assert.deepEqual(
      { ...plain(plan.tasks[0]), at: 0 },
      {
        id: 'a',
        agent: 'droid',
        prompt: 'x',
        settings: {},
        owns: [],
        reads: [],
        needs: [],
        locks: [],
        timeout: 1_800_000,
        retries: 0,
        env: {},
        at: 0,
      },
    );
    assert.equal((await plans.plan('version: 1\nconcurrency: 2\ntasks: { a: { run: x } }\n')).concurrency, 2);
  });

  it('defaults take lists too; a default need does not reach the task it names', async () => {
    const plan = await plans.plan(
      'version: 1\ndefaults: { needs: [a], locks: [x], verify: v }\ntasks: { a: { run: x }, b: { run: x }, c: { run: x, needs: [] } }\n',
    );
    assert.deepEqual(
      plan.tasks.map((task) => task.needs.map((need) => need.id)),
      [[], ['a'], []],
    );
    assert.deepEqual(
      plan.tasks.map((task) => task.verify),
      ['v', 'v', 'v'],
    );
  });
});

describe('durations', () => {
  const good: [string, number][] = [
    ['90', 90_000],
    ['"90"', 90_000],
    ['0.5', 500],
    ['90s', 90_000],
    ['20m', 1_200_000],
    ['1h30m', 5_400_000],
    ['500ms', 500],
    ['1.5h', 5_400_000],
    ['1h2m3s4ms', 3_723_004],
    ['0.0001s', 1],
  ];
  for (const [written, ms] of good)
    it(written, async () => {
      const plan = await plans.plan(`version: 1\ntasks: { a: { run: x, timeout: ${written} } }\n`);
      assert.equal(plan.tasks[0]!.timeout, ms);
    });
  for (const written of [
    '0',
    '-1',
    '0s',
    '""',
    '30x',
    '1m1h',
    '.inf',
    '600h',
    '5 m',
    '[1]',
    '1e400',
    `"${v('vars.t')}"`,
  ])
    it(`not ${written}`, async () => {
      const found = await plans.brief(
        `version: 1\nvars: { t: soon }\ntasks: { a: { run: x, timeout: ${written} } }\n`,
      );
      assert.equal(found.length, 1, found.join('\n'));
      assert.match(found[0]!, /^3:(32|23) schema `(tasks\.a\.)?timeout` must be a duration/);
    });
});

describe('variables', () => {
  it('work in every value, use each other and yield to --var', async () => {
    const plan = await plans.plan(
      text`
        version: 1
        vars: { n: 3, who: world, greeting: "hello ${v('vars.who')}", dir: src, t: 2m, task: a }
        name: "${v('vars.who')}"
        concurrency: "${v('vars.n')}"
        defaults: { retries: "${v('vars.n')}", timeout: "${v('vars.t')}" }
        locks: { db: "${v('vars.n')}" }
        tasks:
          a: { run: 'echo ${v('vars.greeting')} ${v('vars.greeting')} $${v('vars.x')}', owns: ["${v('vars.dir')}/**"] }
          b: { run: x, needs: ["${v('vars.task')}"], verify: "${v('vars.n')}", env: { E: "${v('vars.dir')}" } }
      `,
      { vars: { who: `you ${v('vars.n')}` } },
    );
    assert.equal(plan.name, `you ${v('vars.n')}`, 'values from the command line are taken as they are');
    assert.equal(plan.concurrency, 3);
    assert.equal(plan.locks.db, 3);
    assert.equal(plan.tasks[0]!.run, `echo hello you ${v('vars.n')} hello you ${v('vars.n')} ${v('vars.x')}`);
    assert.equal(plan.tasks[0]!.owns[0]!.text, 'src/**');
    assert.equal(plan.tasks[1]!.needs[0]!.id, 'a');
    assert.deepEqual([plan.tasks[1]!.verify, plan.tasks[1]!.env.E], ['3', 'src']);
    assert.deepEqual([plan.tasks[1]!.retries, plan.tasks[1]!.timeout], [3, 120_000]);
  });

  it('a value of the wrong kind is found after replacement', async () => {
    const found = await plans.brief(text`
      version: 1
      vars: { x: many, e: "" }
      concurrency: "${v('vars.x')}"
      tasks: { a: { run: "${v('vars.e')}", owns: ["${v('vars.e')}"] } }
    `);
    assert.deepEqual(
      found.map((line) => line.split(' ').slice(0, 2).join(' ')),
      ['3:14 schema', '4:20 schema', '4:44 pattern-invalid'],
    );
  });

  it('mistakes are placed on the very reference, the second of two as well', async () => {
    const found = await plans.brief(text`
      version: 1
      vars: { ok: x }
      tasks:
        a: { run: 'a ${v('vars.no')} $${v('vars.no')} ${v('vars.no')} ${v('env.HOME')} \${{ oops' }
    `);
    assert.deepEqual(
      found.map((line) => line.split(' ').slice(0, 2).join(' ')),
      ['4:16 unknown-variable', '4:47 unknown-variable', '4:62 unknown-variable', '4:79 unknown-variable'],
    );
  });

  it('a circle is an error once, even when overridden', async () => {
    const plan = `version: 1\nvars: { a: "${v('vars.b')}", b: "${v('vars.a')}" }\ntasks: { t: { run: "${v('vars.a')}" } }\n`;
    for (const vars of [{}, { a: 'x' }] as Record<string, string>[]) {
      const found = await plans.brief(plan, { vars });
      assert.deepEqual(found, [
        '2:33 unknown-variable variables that use each other in a circle have no value: a → b → a',
      ]);
    }
  });

  it('--var may bring a variable the plan only uses; one it does not know is a warning', async () => {
    const used = await plans.plan(`version: 1\ntasks: { t: { run: "${v('vars.x')}" } }\n`, {
      vars: { x: 'y' },
    });
    assert.equal(used.tasks[0]!.run, 'y');
    const result = await plans.read('version: 1\nvars: { model: a }\ntasks: { t: { run: x } }\n', {
      vars: { modle: 'b' },
    });
    assert.ok(result.ok);
    assert.deepEqual(
      result.warnings.map(({ severity, message, hint, at }) => [severity, message, hint, at.line]),
      [['warning', '--var modle: the plan has no variable `modle`', 'did you mean `model`?', 2]],
    );
  });
});

describe('root', () => {
  const folder = temporaryFolder();
  const read = (file: string, plan: string) => {
    writeFileSync(join(folder, file), plan);
    return readPlan({ file: join(folder, file), vars: {}, agents: ['droid'] });
  };
  const rootOf = async (file: string, root?: string) => {
    const result = await read(
      file,
      `version: 1\n${root === undefined ? '' : `root: ${root}\n`}tasks: { a: { run: x } }\n`,
    );
    return result.ok
      ? result.plan.root
      : result.diagnostics.map((d) => `${d.at.line}:${d.at.column} ${d.message}`);
  };

  /** The least that git takes for a repository. */
  const gitFolder = (path: string, head = 'ref: refs/heads/main\n') => {
    for (const name of ['objects', 'refs']) mkdirSync(join(folder, path, name), { recursive: true });
    writeFileSync(join(folder, path, 'HEAD'), head);
  };

  it('is the nearest repository at or above the plan, otherwise the folder of the plan, or what `root` says', async () => {
    for (const name of ['repo/plans/deep', 'repo/worktree', 'alone', 'detached'])
      mkdirSync(join(folder, name), { recursive: true });
    gitFolder('repo/.git');
    gitFolder('detached/.git', `${'0123456789'.repeat(4)}\n`);
    mkdirSync(join(folder, 'repo/.git/worktrees/w'), { recursive: true });
    writeFileSync(join(folder, 'repo/.git/worktrees/w/HEAD'), 'ref: refs/heads/other\n');
    writeFileSync(join(folder, 'repo/.git/worktrees/w/commondir'), '../..\n');
    writeFileSync(join(folder, 'repo/worktree/.git'), 'gitdir: ../.git/worktrees/w\n');
    symlinkSync(join(folder, 'repo'), join(folder, 'link'));
    assert.equal(await rootOf('repo/plans/deep/p.yaml'), join(folder, 'repo'));
    assert.equal(await rootOf('repo/worktree/p.yaml'), join(folder, 'repo/worktree'));
    assert.equal(await rootOf('detached/p.yaml'), join(folder, 'detached'));
    assert.equal(await rootOf('alone/p.yaml'), join(folder, 'alone'));
    assert.equal(await rootOf('link/p.yaml'), join(folder, 'repo'));
    assert.equal(await rootOf('repo/plans/deep/p.yaml', '../..'), join(folder, 'repo'));
    assert.equal(await rootOf('repo/plans/deep/p.yaml', '.'), join(folder, 'repo/plans/deep'));
    assert.equal(await rootOf('repo/plans/p.yaml', '../../alone'), join(folder, 'alone'));
  });

  it('is no folder because of a .git that is no repository', async () => {
    const stray: Record<string, (path: string) => void> = {
      empty: (path) => mkdirSync(join(folder, path)),
      'a file that leads nowhere': (path) => writeFileSync(join(folder, path), 'gitdir: elsewhere\n'),
      'an empty file': (path) => writeFileSync(join(folder, path), ''),
      'a dangling link': (path) => symlinkSync('nowhere', join(folder, path)),
      'no HEAD': (path) => {
        gitFolder(path);
        rmSync(join(folder, path, 'HEAD'));
      },
      'a HEAD of nonsense': (path) => gitFolder(path, 'nonsense\n'),
      'no objects': (path) => {
        gitFolder(path);
        rmSync(join(folder, path, 'objects'), { recursive: true });
      },
    };
    for (const [name, make] of Object.entries(stray)) {
      mkdirSync(join(folder, name, 'project'), { recursive: true });
      make(`${name}/.git`);
      assert.equal(await rootOf(`${name}/project/p.yaml`), join(folder, name, 'project'), name);
    }
  });

  it('is never in a .git or .forge', async () => {
    mkdirSync(join(folder, 'inside'), { recursive: true });
    gitFolder('inside/.git');
    mkdirSync(join(folder, 'inside/.git/hooks'));
    mkdirSync(join(folder, 'inside/sub/.forge/runs'), { recursive: true });
    symlinkSync('.git/hooks', join(folder, 'inside/hooks'));
    const why = (path: string) =>
      `\`root\`: ${join(folder, path)} is, or lies in, a .git or .forge folder: no task may work there`;
    assert.deepEqual(await rootOf('inside/p.yaml', '.git'), [`2:7 ${why('inside/.git')}`]);
    assert.deepEqual(await rootOf('inside/p.yaml', 'hooks'), [`2:7 ${why('inside/.git/hooks')}`]);
    assert.deepEqual(await rootOf('inside/p.yaml', 'sub/.forge'), [`2:7 ${why('inside/sub/.forge')}`]);
    mkdirSync(join(folder, 'other/.forge'), { recursive: true });
    assert.deepEqual(await rootOf('other/.forge/p.yaml'), [`1:1 ${why('other/.forge')}`]);
    const result = await read('inside/p.yaml', 'version: 1\nroot: .git\ntasks: { a: { run: x } }\n');
    assert.ok(!result.ok && result.diagnostics[0]!.code === 'reserved-path');
  });

  it('must be a folder that exists', async () => {
    assert.deepEqual(await rootOf('p.yaml', 'nope'), ['2:7 `root`: there is no such folder']);
    assert.deepEqual(await rootOf('p.yaml', 'p.yaml'), ['2:7 `root`: it is not a folder']);
  });
});

describe('gates and commands', () => {
  it('two gates of one name, and agent or droid beside run, are refused', async () => {
    const found = await plans.brief(text`
      version: 1
      tasks:
        a: { run: x, agent: shell }
        b: { run: x, agent: droid }
        c: { run: x, droid: backend }
      gates: [{ name: t, run: x }, { name: t, run: y }]
    `);
    assert.deepEqual(found, [
      '4:16 schema `agent` has no meaning beside `run`, which is a command',
      '5:16 schema `droid` has no meaning beside `run`, which is a command',
      '6:38 schema two gates are called `t`',
    ]);
  });
});
