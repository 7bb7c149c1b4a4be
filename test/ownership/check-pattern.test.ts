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
  ['*(?<!a)b', 'pattern-invalid', '(?'],
];

/** What picomatch reads and forge does not, the part that is pointed at, and what is to be written instead. */
const REFUSED: readonly [string, string, RegExp][] = [
  ['!(a|b)', '!(a|b)', /^write "\*" and add "!@\(a\|b\)", or "!@\(a\|b\)" alone to take that away$/],
  ['src/!(*.d).ts', '!(*.d)', /^write "src\/\*\.ts" and add "!src\/\*\.d\.ts"$/],
  ['!(node_modules)/**', '!(node_modules)', /^write "\*\/\*\*" and add "!node_modules\/\*\*"/],
  ['*!(x)*', '!(x)', /^write "\*" and add "!\*x\*"$/],
  ['a!(!(b))', '!(', /^write `\*` and add a `!pattern` for each exception$/],
  ['!(.git)', '!(.git)', /./],
  ['!!(a)', '!(a)', /./],
  ['[[:digit:]]x', '[[:digit:]]', /^write \[0-9\]$/],
  ['[^[:alpha:]_]', '[^[:alpha:]_]', /^write \[\^A-Za-z_\]$/],
  ['[[:punct:]]', '[[:punct:]]', /^write the characters themselves/],
  ['src/"a b"/*', '"a b"', /^write src\/a b\/\*, or \\" for the character itself$/],
  ['"*"', '"*"', /^write \\\*, or/],
  ['a|b', '|', /^write `\{a,b\}` for a choice, `\\\|` for the character itself$/],
  ['{a|b,c}', '|', /^write `\{a,b\}`/],
  ['(?=a)*', '(?', /^write `\[\^\/\]` for any one character, `\\\?` for a question mark$/],
  ['@(?|b)', '(?', /^write `\[\^\/\]`/],
  ['@(a)?', '?', /^write `\?\(…\)`/],
  ['(a)+', '+', /^write `\+\(…\)` for a group that repeats, `\\\+` for the character itself$/],
  ['[ab]+', '+', /^write `\+\(…\)`/],
  ['{+a,b}', '+', /^write `\+\(…\)`/],
  ['@(a+b)', '+', /^write `\+\(…\)`/],
  ['+(a|aa)', '+(a|aa)', /^leave out choices/],
  ['*(|a)', '*(|a)', /^leave out choices/],
  ['+(a|*)', '+(a|*)', /^leave out choices/],
  ['*(*(a))', '*(*(a))', /^leave out choices/],
  ['a{00..05}b', '..', /^write `\{a\.\.e\}` or `\{1\.\.9\}`, and longer ones as `\{8,9,10\}`$/],
  ['{1..10}', '..', /./],
  ['v1.x{1..3}', '{1..3}', /^write `\[1-3\]`$/],
  ['src/a.b/***', '***', /^write `\*`$/],
  ['***(a)', '***(', /./],
  ['{**}', '{**}', /^take them away/],
  ['a\\\\b', '\\\\', /^write `\[\\\\\]` for a backslash in a name$/],
  ['[\\\\\\\\]', '\\\\\\\\', /^write `\[\\\\\]`/],
  ['a\\/b', '\\/', /^write `\/`$/],
  ['a++', '++', /^write a backslash before each$/],
  ['$$*', '$$', /^write a backslash before each$/],
  ['./!a', '!', /^write `!` first/],
  ['(a|[|])', '[|]', /./],
  [`${'{a,'.repeat(101)}b${'}'.repeat(101)}`, '{', /^write several patterns$/],
];

for (const [pattern, part, hint] of REFUSED) {
  test(`${JSON.stringify(pattern.slice(0, 40))} is refused, with what to write instead`, () => {
    const problem = checkPattern(pattern);
    assert.equal(problem?.code, 'pattern-invalid');
    assert.equal(pattern.slice(problem.start, problem.end), part);
    assert.match(problem.hint ?? '', hint);
  });
}

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
    ...['.gitignore', '.github/**', '.forgerc', '{1..3}', 'a..b', '...', '[id]/[...slug].tsx'],
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
      '+(a)',
      '@(a|b)/**',
      '$x',
      'a+b',
    ],
    ...['{a,b}/', '*.d.ts', '~/x', 'C/x', '+page.ts', 'src/c++/x', '{{name}}/**', 'a***c', '*.{1..3}'],
    ...[
      '@(*.a.*|b)',
      '[\\\\]',
      '+(a)?(b)',
      '*(a)*',
      'a/**/b',
      '?(**/)a',
      '{a/**,b/**/*.c}',
      '!./(a)',
      '!@(a|b)',
    ],
  ];
  for (const pattern of right) assert.equal(checkPattern(pattern), null, pattern);
});
