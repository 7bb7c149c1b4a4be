import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { repoMap } from '../../src/plan-author/repo-map.js';

test('folders with their files, level by level', () => {
  const many = Array.from({ length: 40 }, (_, n) => `src/icons/${String(n).padStart(2, '0')}.svg`);
  assert.equal(
    repoMap(['package.json', 'src/api/auth.js', 'src/api/users.js', 'docs/a\nb.md', ...many]),
    [
      'docs/  (1 file)',
      '  a\\nb.md',
      'src/  (42 files)',
      '  api/  (2 files)',
      '    auth.js',
      '    users.js',
      '  icons/  (40 files)',
      ...Array.from({ length: 25 }, (_, n) => `    ${String(n).padStart(2, '0')}.svg`),
      '    … and 15 more: 15 .svg',
      'package.json',
      '',
    ].join('\n'),
  );
});

test('a large tree is shown whole but shallow', () => {
  const files = Array.from({ length: 30_000 }, (_, n) => `packages/p${n % 60}/src/d${n % 7}/f${n}.ts`);
  const map = repoMap([...files, 'README.md']);
  assert.match(map, /^packages\/ {2}\(30000 files\)$/m);
  for (let n = 0; n < 60; n += 1) assert.ok(map.includes(`  p${n}/  (500 files`));
  assert.match(map, /^README\.md$/m);
  assert.ok(map.length < 13_000, String(map.length));
});

test('never longer than it may be', () => {
  const name = fc.string({ minLength: 1, maxLength: 300 });
  fc.assert(
    fc.property(fc.array(fc.array(name, { minLength: 1, maxLength: 6 }), { maxLength: 400 }), (paths) => {
      const map = repoMap(paths.map((parts) => parts.join('/')));
      assert.ok(map.length <= 12_100);
      assert.ok(map.split('\n').length <= 252);
    }),
    { numRuns: 200 },
  );
});
