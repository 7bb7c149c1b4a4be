import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMatcher } from '../../src/ownership/index.js';

function check(
  patterns: readonly string[],
  yes: readonly string[],
  no: readonly string[],
  caseInsensitive = false,
): void {
  const claims = createMatcher(patterns, { caseInsensitive });
  for (const path of yes) assert.ok(claims(path), `${patterns} should claim ${JSON.stringify(path)}`);
  for (const path of no) assert.ok(!claims(path), `${patterns} should not claim ${JSON.stringify(path)}`);
}

test('a pattern without wildcards claims the path and everything below it', () => {
  check(
    ['src/api'],
    ['src/api', 'src/api/a.ts', 'src/api/.env', 'src/api/x/y'],
    ['src', 'src/api.ts', 'src/apix/a'],
  );
  check(['a\\*b'], ['a*b', 'a*b/c'], ['axb']);
});

test('a trailing slash claims what is below and not the path itself', () => {
  check(['src/api/'], ['src/api/a.ts', 'src/api/x/y'], ['src/api', 'src/apix/a']);
  check(['packages/*/'], ['packages/a/x', 'packages/a/x/y'], ['packages/a', 'packages', 'other/a/x']);
  check(['**/'], ['a/b'], ['a']);
});

test('a pattern with wildcards claims what picomatch matches with dot: true', () => {
  check(['src/*'], ['src/a', 'src/.a'], ['src', 'src/a/b']);
  check(['src/**'], ['src', 'src/a', 'src/a/.b/c'], ['srcs/a']);
  check(['**/*.{ts,tsx}'], ['a.ts', 'a/.b/c.tsx', '.ts'], ['a.js', 'a.ts/b']);
  check(['app/[id]/page.tsx'], ['app/[id]/page.tsx', 'app/i/page.tsx'], ['app/x/page.tsx']);
  check(['app/(group)/page.tsx'], ['app/(group)/page.tsx', 'app/group/page.tsx'], ['app/g/page.tsx']);
});

test('to picomatch [!a] is a class of ! and a; [^a] is everything else', () => {
  check(['[!a]x'], ['!x', 'ax', '[!a]x'], ['bx']);
  check(['[^a]x'], ['!x', 'bx'], ['ax', '/x']);
});

test('picomatch takes a path that is spelled like the pattern', () => {
  check(['a\\*', '[a-b]', '+(a)'], ['a\\*', '[a-b]', '+(a)', 'aa'], ['z', '[a-b']);
});

test('a subtraction takes away whatever the order, and everything below', () => {
  for (const patterns of [
    ['src/**', '!src/gen'],
    ['!src/gen', 'src/**'],
  ]) {
    check(patterns, ['src/a', 'src/gen2'], ['src/gen', 'src/gen/a']);
  }
  check(['!src/gen'], [], ['src/gen', 'src/a', 'a']);
  check([], [], ['a']);
});

test('an even number of ! cancels out', () => {
  check(['!!a'], ['a', 'a/b'], ['b']);
  check(['*', '!@(a)'], ['b'], ['a']);
});

test('a leading ./ means nothing', () => {
  check(['./src/*.ts', '!./src/b.ts'], ['src/a.ts'], ['src/b.ts', 'a.ts']);
  check(['././a'], ['a'], ['b']);
});

test('.git and .forge, at any depth and in any case, and what is no path of a file are never claimed', () => {
  check(
    ['**', '.git', '.forge/x', 'a/', 'sub/[.]forge/**'],
    ['.gitignore', '.forgery', 'a/.github/x', 'a/.forge.d/x', 'sub/x.forge/y'],
    [
      '.git',
      '.git/config',
      'a/.git',
      'a/.git/hooks/x',
      '.forge',
      '.forge/runs/1',
      'a/.forge',
      'sub/.forge/runs/1',
      'a/.Forge/x',
      '.GIT/x',
      '',
      '/a',
      'a/',
      'a//b',
      './a',
      'a/./b',
      'a/../b',
      '..',
    ],
  );
  check(['**'], ['.gitignore'], ['.GIT/x', 'a/.Git', '.FORGE/x'], true);
  check(['a//'], [], ['a', 'a/a']);
});

test('ignoring case, patterns, subtractions and paths fold alike', () => {
  check(['SRC/**', '!src/Gen/'], ['src/a', 'Src/A'], ['src/gen/a', 'SRC/GEN/A'], true);
  check(['[a-c]É.md'], ['Bé.md', 'cÉ.MD'], ['dé.md'], true);
  check(['SRC/**'], ['SRC/a'], ['src/a']);
});

test('names with line ends, spaces and bytes that are not UTF-8', () => {
  // `**` is `.` in picomatch's expression: its flag `s` is on, so that a newline in a name is like any other character.
  check(['a/**'], ['a/ b', 'a/\udc80', 'a/\u{1f600}', 'a/b\nc', 'a/\u2028'], []);
  check(['a/'], ['a/b\nc', 'a/x/\n', 'a/\u2028'], []);
  check(['a/*c'], ['a/b\nc', 'a/\udc80c'], []);
  check(['?'], ['\udcff', '\n'], ['\u{1f600}']);
  check(['??'], ['\u{1f600}'], []);
});

test('a pattern that is refused claims nothing and subtracts everything', () => {
  check(['(a|b)\\1'], [], ['aa', 'bb']);
  check(['**', '!x(a|b)\\1'], [], ['ab', 'c']);
  check(['!(a)', '[z-a]', '"b"'], [], ['b', 'ab', '[z-a]', '"b"']);
  check(['*', '!!(a)'], [], ['a', 'b']);
});

test('what picomatch reads in its own way', () => {
  check(['*.*'], ['a.b', '.a', 'a..'], ['a.', 'a']);
  check(['a/*.*'], ['a/b.', 'a/b.c'], ['a/b']);
  check(['**.js'], ['a.js', 'a/b.js', '.js'], ['a.jsx']);
  check(['a/**.js'], ['a/b.js'], ['a/b/c.js']);
  check(['{a.*,b}'], ['a.c', 'b'], ['a.', 'a..']);
  check(['{**/a,b}'], ['c/a', 'b'], ['a']);
  check(['@(a/**|b)'], ['a/c', 'b'], ['a', 'a/c/d']);
  check(['@(a/**)'], ['a', 'a/c/d'], ['b']);
  check(['a/**/?(b)'], ['a', 'a/b'], ['ab', 'a/c']);
  check(['a/**/*'], ['a/b', 'a/b/c'], ['a']);
  check(['*/**'], ['a/b'], ['a']);
  check(['a*c/**'], ['abc', 'abc/d'], ['a']);
  check(['{a}', '*.{ts}'], ['{a}', 'x.{ts}'], ['a', 'x.ts']);
  check(['{c..a}'], ['a', 'b', 'c'], ['d', '..']);
  check(['[a/b]c'], ['ac', 'bc', '[a/b]c'], ['c']);
});
