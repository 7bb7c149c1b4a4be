import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { checkPattern, createMatcher } from '../../src/ownership/index.js';
import { escapeGlob } from '../../src/util/paths/glob-escape.js';
import { PlanFolder, text, v } from './plan-folder.js';

/** A folder of its own for each test, with files. */
function folderWith(...files: string[]): PlanFolder {
  const plans = new PlanFolder();
  for (const file of files) {
    mkdirSync(dirname(join(plans.folder, file)), { recursive: true });
    writeFileSync(join(plans.folder, file), '');
  }
  return plans;
}

const numbered = (count: number, name: (n: number) => string) =>
  Array.from({ length: count }, (_, n) => name(n));

describe('split', () => {
  it('makes tasks with their share of the files, and what is said of them', async () => {
    const plans = folderWith('src/a/1.js', 'src/a/2.js', "src/b/it's me.js", 'src/b/-x.js', 'README.md');
    const { tasks, splits } = await plans.plan(text`
      version: 1
      tasks:
        setup: { run: x }
        migrate:
          description: "Part ${v('split.index')} of ${v('split.count')}"
          split: { files: "src/**/*.js", into: 2, rename: { .js: .ts } }
          prompt: |
            Convert:
            ${v('split.files')}
          verify: check ${v('split.files')}
          owns: ["${v('split.owns')}", "${v('split.files')}.map", "notes/${v('split.index')}.md"]
          reads: ["${v(' split.files ')}"]
          needs: [setup]
          env: { PART: "${v('split.index')}" }
        after: { run: x, needs: [migrate] }
        last: { run: x, needs: [migrate.2] }
    `);
    assert.deepEqual(
      tasks.map(({ id, needs }) => [id, needs.map((need) => need.id)]),
      [
        ['setup', []],
        ['migrate.1', ['setup']],
        ['migrate.2', ['setup']],
        ['after', ['migrate.1', 'migrate.2']],
        ['last', ['migrate.2']],
      ],
    );
    assert.equal(tasks[1]!.description, 'Part 1 of 2');
    assert.equal(tasks[1]!.prompt, 'Convert:\nsrc/a/1.js\nsrc/a/2.js\n');
    assert.equal(tasks[2]!.verify, "check src/b/-x.js 'src/b/it'\\''s me.js'");
    const patterns = ({ owns }: (typeof tasks)[number]) => owns.map((pattern) => pattern.text);
    assert.deepEqual(patterns(tasks[1]!), [
      'src/a/1.js',
      'src/a/1.ts',
      'src/a/2.js',
      'src/a/2.ts',
      'src/a/1.js.map',
      'src/a/2.js.map',
      'notes/1.md',
    ]);
    assert.deepEqual(
      tasks[1]!.reads.map((pattern) => pattern.text),
      ['src/a/1.js', 'src/a/2.js'],
    );
    assert.equal(tasks[2]!.env.PART, '2');
    assert.deepEqual(tasks[2]!.part, {
      of: 'migrate',
      index: 2,
      count: 2,
      files: ['src/b/-x.js', "src/b/it's me.js"],
    });
    assert.deepEqual(
      { ...splits },
      {
        migrate: [
          ['src/a/1.js', 'src/a/2.js'],
          ['src/b/-x.js', "src/b/it's me.js"],
        ],
      },
    );
  });

  const plan = (files: string) => text`
    version: 1
    tasks:
      t:
        split: { files: ${files}, into: 3 }
        run: x ${v('split.files')}
        owns: ["${v('split.owns')}"]
  `;

  it('fewer files than parts', async () => {
    const { tasks } = await folderWith('a.js').plan(plan('"*.js"'));
    assert.deepEqual(
      tasks.map(({ id, run }) => [id, run]),
      [['t.1', 'x a.js']],
    );
  });

  it('without git: all but node_modules, .forge and links', async () => {
    const plans = folderWith('a.js', 'x/node_modules/b.js', '.forge/c.js', 'x/.hidden/d.js');
    symlinkSync('a.js', join(plans.folder, 'link.js'));
    symlinkSync('x', join(plans.folder, 'loop'));
    const { tasks } = await plans.plan(plan('"**/*.js"'));
    assert.deepEqual(
      tasks.map(({ run }) => run),
      ['x a.js', 'x x/.hidden/d.js'],
    );
  });

  it('with git: tracked and new files, not ignored or removed ones; root may be below', async () => {
    const files = [
      'sub/tracked.js',
      'sub/removed.js',
      'sub/new.js',
      'sub/ignored.js',
      'sub/é ☃.js',
      'above.js',
    ];
    const plans = folderWith(...files, 'sub/node_modules/m.js');
    const git = (...args: string[]) => execFileSync('git', ['-C', plans.folder, ...args]);
    writeFileSync(join(plans.folder, '.gitignore'), 'ignored.js\n');
    git('init', '-q');
    git('add', 'sub/tracked.js', 'sub/removed.js', 'sub/node_modules');
    rmSync(join(plans.folder, 'sub/removed.js'));
    const { tasks } = await plans.plan(`root: sub\n${plan('["**/*.js", "!x*"]')}`);
    assert.deepEqual(
      tasks.map(({ part }) => part!.files),
      [['new.js'], ['tracked.js'], ['é ☃.js']],
    );
    assert.match(
      await plans.problems(plan('"**/ignored.js"')),
      /split-empty.*no file matches "\*\*\/ignored\.js"[\s\S]*hint: git ignores the one file that would match/,
    );
  });

  it('a kept division is used again, whatever the tree has now', async () => {
    const plans = folderWith('a.js', 'b.js');
    const options = { splits: { t: [['old/x.js'], ['b.js']] } };
    const { tasks } = await plans.plan(plan('"**/*.js"'), options);
    assert.deepEqual(
      tasks.map(({ run }) => run),
      ['x old/x.js', 'x b.js'],
    );
  });

  it('the text that is given is read, not the file', async () => {
    const plans = folderWith('a.js');
    const given = 'version: 1\ntasks: { given: { run: x } }\n';
    assert.equal(
      (await plans.plan('version: 1\ntasks: { file: { run: x } }\n', { text: given })).tasks[0]!.id,
      'given',
    );
  });

  it('many files: shares as DESIGN says', async () => {
    const plans = folderWith(...numbered(40, (n) => `src/${n % 4}/${n}.js`));
    const { tasks } = await plans.plan(plan('"src/**"').replace('into: 3', 'into: 4'));
    assert.deepEqual(
      tasks.map(({ part }) => part!.files.length),
      [10, 10, 10, 10],
    );
  });
});

describe('what is wrong with a split', () => {
  it('each problem once, with its place', async () => {
    const plans = folderWith('a.js', 'b.js');
    assert.deepEqual(
      await plans.brief(text`
        version: 1
        tasks:
          t:
            split: { files: "*.js", into: 2 }
            run: x ${v('split.filse')} ${v('vars.no')}
            owns: ["${v('split.owns')}"]
            needs: [nobody]
          t.2: { run: x }
          plain: { run: "x ${v('split.files')}" }
          empty:
            split: { files: ["*.rb", "../x"], into: 2 }
            run: "${v('split.files')}"
            owns: ["/abs", "${v('split.owns')}"]
          bad:
            split: { files: [], into: 0, rename: { "a/b": 1 } }
            run: x
      `),
      [
        '5:12 unknown-variable `${{ split.filse }}` is not a variable: only `vars.NAME` is',
        '5:31 unknown-variable no variable is called `no`',
        '7:13 unknown-task no task is called `nobody`',
        '8:3 schema part 2 of `t` would be called `t.2`, as another task is',
        '9:20 unknown-variable `${{ split.files }}` has a value only in the texts of a task that has `split`',
        '11:21 split-empty no file matches "*.rb", so there is nothing to split',
        '11:31 path-outside-root `..` leads out of the root',
        '13:13 path-outside-root patterns are relative to the root; this is an absolute path',
        '15:14 schema `tasks.bad.split.files` must be a pattern or a list of patterns, not empty; it is a list',
        '15:31 schema `tasks.bad.split.into` must be a whole number, 1 or more; it is 0',
        '15:44 schema the key `a/b` in `tasks.bad.split.rename` must be the ending of a file name, without `/`',
        '15:51 schema `tasks.bad.split.rename.a/b` must be the ending of a file name, without `/`; it is the number 1',
      ],
    );
  });

  it('parts that own the same files are told how to own their own', async () => {
    const plans = folderWith('a.js', 'b.js');
    const problems = await plans.problems(text`
      version: 1
      tasks:
        t: { split: { files: "*.js", into: 2 }, run: x, owns: ["*.js"] }
    `);
    assert.match(problems, /`t\.1` and `t\.2` may both write/);
    assert.ok(
      problems.includes(
        'hint: write `owns: ["${{ split.owns }}"]`: each part of `t` then owns its own files',
      ),
    );
  });

  it('a command longer than a system takes', async () => {
    const plans = folderWith(...numbered(700, (n) => `${'long'.repeat(50)}${n}.js`));
    assert.match(
      (
        await plans.brief(text`
        version: 1
        tasks:
          t: { split: { files: "*.js", into: 1 }, run: "x ${v('split.files')}" }
      `)
      )[0]!,
      /^3:48 schema with the files of a part, `run` is longer than the 128 KiB/,
    );
  });
});

it('the pattern of a path matches that path, what is below it, and nothing else', () => {
  const name = fc
    .string({
      unit: fc.oneof(
        fc.constantFrom('..', '.git', '.forge', ...'abAB.*?[](){}!+@|"\\#$^-, &~\'%=`;:<>é☃'),
        fc.string({ maxLength: 1 }),
      ),
      minLength: 1,
      maxLength: 12,
    })
    .filter((part) => !/[/\0]|^\.{0,2}$|^\.(git|forge)$/i.test(part));
  const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
  fc.assert(
    fc.property(path, path, (one, other) => {
      const owned = createMatcher([escapeGlob(one)]);
      assert.equal(checkPattern(escapeGlob(one)), null);
      assert.ok(owned(one), escapeGlob(one));
      const below = other.startsWith(`${one}/`) && !/\\|[{,(|]\./.test(one);
      assert.equal(owned(other), other === one || below);
      assert.ok(!owned(`x${one}`) && !owned(`${one}x`));
    }),
    { numRuns: 5000 },
  );
});
