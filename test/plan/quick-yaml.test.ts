import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseQuickly } from '../../src/plan/yaml/quick-yaml.js';
import { parseYaml } from '../../src/plan/yaml/yaml-tree.js';
import { text, v } from './plan-folder.js';

/** How often each property is tried; FORGE_FUZZ=200 tries 200 times as often. */
const numRuns = 3000 * Number(process.env.FORGE_FUZZ ?? 1);

/** Asserts that what the quick parser accepts is what `yaml` reads, offsets included; says whether it accepted. */
function agree(source: string): boolean {
  const quick = parseQuickly(source);
  if (quick === undefined) return false;
  const { root, problems } = parseYaml(source);
  assert.deepEqual(problems, []);
  assert.deepEqual(quick, root);
  return true;
}

const PLAN = text`
  # A plan
  version: 1
  name: jwt-auth   # of the folder
  vars: { model: claude-opus-5, n: 3, b: true, u: ~ }
  agents:
    droid: { model: "${v('vars.model')}", auto: medium }
  defaults: {agent: droid, timeout: 1h30m}
  tasks:
    # first
    backend:
      prompt: |
        Add endpoints: all of them.

          - indented
        # not a comment

      owns: [src/api/**, 'a b.ts', "!x", []]

      needs:
      - schema
      - "x"
    docs.a_b-c/d:
      run: npx typedoc --out docs && echo a#b
      reads:
          - src/**   # all
          - docs/x
      prompt: |-
        end
  gates:
    - { name: tests, run: npm test }
    - name: build
      run: npm run build
      env: {}
`;

describe('the quick YAML parser', () => {
  it('accepts an ordinary plan, with and without a newline at its end', () => {
    assert.ok(agree(PLAN));
    assert.ok(agree(PLAN.trimEnd()));
    assert.ok(agree('version: 1\ntasks: { a: { run: x } }\n\n# end'));
  });

  for (const source of [
    'a: |\n  x\n \n  y\n',
    'a: |\n\n  x\nb: 1\n',
    'a: |\n  x\n   \nb: 1\n',
    'a: |\n  x\n# c\nb: 1\n',
    'a: |\n  x\n # c\nb: 1\n',
    'a: |\n  x\n\n\n\nb: 1\n',
    'a:\n  b: |\n    x\n\n  c: 1\n',
    'a: x\n  y\n',
    'a: x # c\n  y\n',
    'a: - b\n',
    'a:\n- b\n-  c: 1\n   d: 2\nb: 3\n',
    'a:\n  - b\n - c\n',
    'a:\n  b: 1\n c: 2\n',
    'a: b: c\n',
    'a: [b: c]\n',
    'a: [b c, d\n  e]\n',
    'a: {b: 1,\n c: 2}\n',
    'a: {b:1}\n',
    'a: {b: c:d}\n',
    'a: "b" c\n',
    "a: 'it''s'\n",
    'a: 0x1F\nb: 1e3\nc: .5\nd: 1.\ne: .inf\nf: 0o7\ng: +1\nh: -1\ni: 007\n',
    'a: +1\nb: 007\nc: 0\n1: 2\n1.10: x\nnull: y\n',
    'a: ~\nb: null\nc: Null\nd: nULL\ne: True\nf: tRUE\ng: yes\n',
    'a: x #\nb: y#z\nc: #z\n',
    'a: $x\nb: (c\nd: ^e\nf: =\ng: \\h\ni: ;\n',
    '<<: {a: 1}\n',
    'a: &b c\n',
    'a: !b c\n',
    'a: [ ]\nb: {  }\nc: [ x , y ]\n',
    'a: [x,]\n',
    'a: [,]\n',
    'a: []]\n',
    ' a: 1\n',
    'a: 1\n b: 2\n',
    'a: 1\na: 2\n',
    'a:\n',
    'a:\nb: 1\n',
    'a: 1',
    '- a\n',
    'a\n',
    '',
  ])
    it(`agrees on ${JSON.stringify(source)}`, () => {
      agree(source);
    });

  it('agrees on random changes to a plan', () => {
    const pieces = [
      ...' \n:-#[]{},"\'|>&*!?%@`\\~.$',
      '\n  ',
      '\n    ',
      ': ',
      ' #',
      '- ',
      'a',
      '1',
      ',]',
      '\t',
      '\r\n',
      'é',
      '|-',
      '---',
      'null',
      '<<',
    ];
    const change = fc.tuple(
      fc.nat(PLAN.length),
      fc.nat(12),
      fc.array(fc.constantFrom(...pieces), { maxLength: 3 }),
    );
    let accepted = 0;
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        let source = PLAN;
        for (const [at, length, insert] of changes)
          source = source.slice(0, at) + insert.join('') + source.slice(at + (length > 6 ? 0 : length));
        if (agree(source)) accepted += 1;
      }),
      { numRuns },
    );
    assert.ok(accepted > numRuns / 50, `only ${accepted} accepted`);
  });

  it('agrees on random short texts', () => {
    const tokens = [
      'a',
      'b',
      '1',
      ': ',
      ':',
      '\n',
      '\n ',
      '\n  ',
      '- ',
      '-',
      ' ',
      '#',
      ' #',
      '[',
      ']',
      '{',
      '}',
      ', ',
      ',',
      '"',
      "'",
      '|',
      '|\n  ',
      'x y',
      'true',
      '.',
      '~',
    ];
    let accepted = 0;
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...tokens), { maxLength: 14 }), (parts) => {
        if (agree(`k: ${parts.join('')}`) || agree(`${parts.join('')}\nk: v\n`)) accepted += 1;
      }),
      { numRuns: numRuns * 4 },
    );
    assert.ok(accepted > numRuns / 50, `only ${accepted} accepted`);
  });
});
