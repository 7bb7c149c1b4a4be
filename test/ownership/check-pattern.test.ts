import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkPattern } from '../../src/ownership/index.js';

/** Pattern, code, and the part of the pattern that the problem points at. */
const WRONG: readonly [string, string, string][] = [
  ['', 'pattern-invalid', ''],
  ['!', 'pattern-invalid', '!'],
  ['./', 'pattern-invalid', './'],
  ['.', 'pattern-invalid', '.'],
  ['/etc/passwd', 'path-outside-root', '/etc/passwd'],
  ['!/etc', 'path-outside-root', '/etc'],
  ['C:\\src', 'path-outside-root', 'C:\\src'],
  ['c:/src', 'path-outside-root', 'c:/src'],
  ['..', 'path-outside-root', '..'],
  ['../a', 'path-outside-root', '..'],
  ['!a/../b', 'path-outside-root', '..'],
  ['a/{..,b}/c', 'path-outside-root', '..'],
  ['src\\api\\**', 'pattern-invalid', '\\a'],
  ['(a|b)\\1', 'pattern-invalid', '\\1'],
  ['a\\', 'pattern-invalid', '\\'],
  ['a//b', 'pattern-invalid', '//'],
  ['a/./b', 'pattern-invalid', '.'],
  ['a/.', 'pattern-invalid', '.'],
  ['a\0b', 'pattern-invalid', '\0'],
  ['.git', 'reserved-path', '.git'],
  ['a/.git/hooks/**', 'reserved-path', '.git'],
  ['{.git,a}/x', 'reserved-path', '.git'],
  ['.GIT/config', 'reserved-path', '.GIT'],
  ['\\.git', 'reserved-path', '\\.git'],
  ['./.forge/runs', 'reserved-path', '.forge'],
  ['sub/.forge/**', 'reserved-path', '.forge'],
  ['**/.forge', 'reserved-path', '.forge'],
  ['a/{b,.Forge}/x', 'reserved-path', '.Forge'],
  ['a[b', 'pattern-invalid', '['],
  ['a(b', 'pattern-invalid', '('],
  ['{a,b', 'pattern-invalid', '{'],
  ['!!(a', 'pattern-invalid', '('],
  ['a}', 'pattern-invalid', '}'],
  ['a]', 'pattern-invalid', ']'],
  ['"a', 'pattern-invalid', '"'],
  ['[z-a]', 'pattern-invalid', '[z-a]'],
  ['*(?<!a)b', 'pattern-invalid', '*(?<!a)b'],
  ['!(a/b)/', 'pattern-invalid', '!(a/b)/'],
];

for (const [pattern, code, part] of WRONG) {
  test(`${JSON.stringify(pattern)} is wrong: ${code}`, () => {
    const problem = checkPattern(pattern);
    assert.ok(problem !== null);
    assert.equal(problem.code, code);
    assert.equal(pattern.slice(problem.start, problem.end), part);
    assert.ok(problem.message.length > 0);
  });
}

test('a pattern that is too long or too deep is wrong, and that is found at once', () => {
  for (const pattern of [
    'a'.repeat(5000),
    '*('.repeat(1300) + ')'.repeat(1300),
    `{${'a?,'.repeat(2000)}b}`,
  ]) {
    assert.equal(checkPattern(pattern)?.code, 'pattern-invalid');
  }
});

test('a Windows path is shown as it should be written', () => {
  assert.equal(checkPattern('src\\api\\**')?.hint, 'write src/api/**');
});

test('what people write is right', () => {
  const right = [
    ...[
      '**',
      'a',
      'a/',
      './a',
      'src/**',
      '**/*.{ts,tsx}',
      'docs/**/name-*.md',
      '!src/gen/**',
      '!.git/**',
      '!.forge',
    ],
    ...[
      '.gitignore',
      '.github/**',
      '.forgerc',
      '{1..3}',
      'a..b',
      '...',
      '[id]/[...slug].tsx',
      '[[:alpha:]]x',
    ],
    ...[
      '(group)/x',
      '[]a]',
      '[^]a]',
      '[^a]',
      '[!a]',
      '[a!]',
      '\\[!a\\]',
      '\\*',
      'a\\[b',
      'a b',
      'é',
      '!(a|b)',
      '!(.git)',
      '+(a)',
      '@(a|b)/**',
      'a"b"',
      '$x',
      'a+b',
    ],
    ...['{a,b}/', '*.d.ts', '~/x', 'C/x'],
  ];
  for (const pattern of right) assert.equal(checkPattern(pattern), null, pattern);
});
