import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readPlanRoot } from '../../src/plan/index.js';
import { parseRoot } from '../../src/plan/parse-root.js';
import { plainRoot } from '../../src/plan/read-root.js';
import { PlanFolder, v } from './plan-folder.js';

describe('the root of a plan, without the rest of it', () => {
  const plans = new PlanFolder();
  mkdirSync(`${plans.folder}/tree/src`, { recursive: true });

  for (const [what, plan, below] of [
    ['written plainly', 'version: 1\nroot: ./tree # here\n', '/tree'],
    ['in quotes', 'root: "tree"\n', '/tree'],
    ['a name', 'root: tree\n', '/tree'],
    ['in a flow map', '{ version: 1, root: tree }\n', '/tree'],
    ['below the first key', '  version: 1\n  root: tree\n', '/tree'],
    ['merged in', 'x: &x { root: tree }\n<<: *x\n', '/tree'],
    ['by a variable', `vars: { a: tree }\nroot: ${v('vars.a')}/src\n`, '/tree/src'],
    ['not there, but in a prompt', 'tasks:\n  a:\n    prompt: |\n      root: ./tree\n', ''],
  ] as const) {
    it(what, async () => {
      writeFileSync(plans.file, plan);
      assert.equal(await readPlanRoot(plans.file), plans.folder + below);
    });
  }

  for (const [what, plan] of [
    ['a folder that is not there', 'root: ./nowhere\n'],
    ['a variable that is not declared', `root: ${v('vars.a')}\n`],
    ['twice', 'root: ./tree\nroot: .\n'],
    ['no YAML', 'root: [\n'],
  ] as const) {
    it(`unknown: ${what}`, async () => {
      writeFileSync(plans.file, plan);
      // Of two keys the first counts, and the plan is wrong anyway.
      assert.equal(await readPlanRoot(plans.file), what === 'twice' ? `${plans.folder}/tree` : undefined);
    });
  }

  it('what is told without the parser is what the parser says', () => {
    const pieces = [
      ...[
        'root: .',
        'root: ./a',
        'root: ../b/c-d',
        'root: ..',
        'root:',
        'root: x',
        'root: ./a b',
        ' root: ./z',
      ],
      ...[
        'version: 1',
        'goal: |',
        'goal: >-',
        'goal: "a',
        "goal: 'b",
        'goal: c',
        'x: [1,',
        'x: {a: b',
        'x: &a',
        'x: *a',
      ],
      ...[
        '  b: c',
        '  root: ./y',
        '    d',
        '  - e',
        '- f',
        '  ]',
        ']',
        '}',
        '  }',
        '"',
        '  "',
        "  '",
        '# g',
        '',
        '   ',
      ],
      ...[
        '<<: *a',
        '? root',
        ': ./a',
        '--- ',
        '...',
        '%YAML 1.2',
        '!!map',
        '&a root: ./q',
        '"root": ./q',
        'root : ./q',
      ],
    ];
    const breaks = ['\n', '\n', '\n', '\n', '\r\n', '\r', '\u2028', '\u0085', '\t', ' '];
    const texts = fc
      .array(fc.tuple(fc.constantFrom(...pieces), fc.constantFrom(...breaks)), { minLength: 1, maxLength: 6 })
      .map((lines) => lines.flat().join(''));
    let told = 0;
    fc.assert(
      fc.property(texts, (text) => {
        const plain = plainRoot(text);
        if (plain === undefined) return;
        const parsed = parseRoot('/plan.yaml', text);
        // What is no YAML is no plan.
        if (parsed === undefined) return;
        told += 1;
        assert.equal(plain.text, parsed.text);
      }),
      { numRuns: 5000 },
    );
    assert.ok(told > 50, `only ${told} were told`);
  });
});
