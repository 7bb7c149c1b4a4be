import fc from 'fast-check';
import { checkPattern } from '../../src/ownership/index.js';

/** What people write: folders, extensions, names with a wildcard in them. */
const SEGMENT = fc.constantFrom(
  ...['a', 'b', 'ab', '.a', 'a.b', 'b.a', '*', '**', 'a*', '*b', '*.a', '?', '?b', '*.{a,b}', '{a,b}', '.*'],
  ...['a*b', '*a*', '[ab]', '[!a]', '[^b]*', '@(a|b)', '+(a)', '*(a|b)', '?(a)b', '{a..b}', 'a{,b}', '\\*'],
  ...['a\\?', '(a|b)', '*.*', '*.a.*', '{a.*,*.b}', '[a]', '(a)', '+a', '@(*.a|b.*)', '**.a'],
);
const WRITTEN = fc
  .tuple(
    fc.array(SEGMENT, { minLength: 1, maxLength: 4 }),
    fc.constantFrom('', '', '', '/', '/**', '/**/*'),
    fc.constantFrom('', '', '', './', '**/'),
  )
  .map(([segments, end, start]) => start + segments.join('/') + end);

/** Pieces of syntax, each whole in itself, in any order and nested in each other. */
const ATOM = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('a', 'b', '.', '/', 'ab', 'A') },
  {
    weight: 5,
    arbitrary: fc.constantFrom('*', '**', '?', '/**', '**/', '/**/', '*.', '.*', '/*', '***', '{a..b}'),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      ...[
        '+',
        '@',
        '!',
        '$',
        '^',
        ',',
        '-',
        '\n',
        ' ',
        '\\*',
        '\\.',
        '\\+',
        '\\(',
        '\\{',
        '\\,',
        '\\|',
        '\\!',
      ],
      ...[
        '..',
        '++',
        '$$',
        '#',
        '&',
        '=',
        ':',
        '<',
        '~',
        '%',
        "'",
        '`',
        ';',
        '\\;',
        '\\[',
        '\\]',
        '\\"',
        '\\^',
      ],
    ),
  },
);
const CLASS = fc
  .array(
    fc.constantFrom(
      ...[
        'a',
        'b',
        '-',
        '^',
        '!',
        '.',
        '/',
        '*',
        'B',
        ']',
        '[',
        ':',
        '\\]',
        '\\-',
        '\\\\',
        '\\^',
        ',',
        '|',
        '(',
        '"',
      ],
    ),
    { minLength: 1, maxLength: 4 },
  )
  .map((members) => `[${members.join('')}]`);
const { pattern: MIXED } = fc.letrec<{ pattern: string; group: string }>((tie) => ({
  pattern: fc
    .array(
      fc.oneof(
        { maxDepth: 3 },
        { weight: 5, arbitrary: ATOM },
        { weight: 1, arbitrary: CLASS },
        { weight: 2, arbitrary: tie('group') },
      ),
      { maxLength: 5 },
    )
    .map((pieces) => pieces.join('')),
  group: fc
    .tuple(
      fc.constantFrom('{', '(', '@(', '?(', '+(', '*('),
      fc.array(tie('pattern'), { minLength: 1, maxLength: 3 }),
    )
    .map(([open, choices]) => (open === '{' ? `{${choices.join(',')}}` : `${open}${choices.join('|')})`)),
}));

/** What nobody writes: pieces of syntax in any order, mostly unbalanced or refused. */
const PIECE = fc.constantFrom(
  ...[
    'a',
    'b',
    '.',
    '/',
    '*',
    '**',
    '?',
    '!',
    '!(',
    '*(',
    '+(',
    '@(',
    '?(',
    '(',
    ')',
    '|',
    '{',
    '}',
    ',',
    '..',
  ],
  ...[
    '[',
    ']',
    '[!',
    '-',
    '^',
    '"',
    '\\',
    '+',
    '@',
    '$',
    'a/',
    '/**',
    '**/',
    './',
    '[a-b]',
    '\\*',
    '!(a)',
    '*(a)',
  ],
  ...['*(a|b)', '!(a/b)', '@(a/**|b)', '?(a/)', '(?!a)', '(?=a)', '[[:alpha:]]', '\n', '{a,b}', '{a/,b}'],
);
const SCRAMBLED = fc.array(PIECE, { minLength: 1, maxLength: 6 }).map((pieces) => pieces.join(''));

/** A pattern that claims, from well written to scrambled, that is not refused. */
export const PATTERN: fc.Arbitrary<string> = fc
  .oneof(
    { weight: 4, arbitrary: WRITTEN },
    { weight: 4, arbitrary: MIXED },
    { weight: 1, arbitrary: SCRAMBLED },
  )
  .filter((text) => !text.startsWith('!') && checkPattern(text) === null);

/** A set of one to three patterns, some of them subtractions. */
export const PATTERN_SET: fc.Arbitrary<string[]> = fc.array(
  fc
    .tuple(PATTERN, fc.integer({ min: 0, max: 3 }))
    .map(([text, n]) => (n > 0 ? text : text.startsWith('(') ? `!./${text}` : `!${text}`)),
  { minLength: 1, maxLength: 3 },
);

/**
 * Paths that a pattern may match, or that miss it by a character: its text with every piece of syntax replaced by
 * something that it might stand for, and then perhaps changed in one place. Rough guesses by regular expressions, which
 * share nothing with the code under test; `seed` makes the choices.
 */
export function pathsNear(pattern: string, seed: number, count: number): string[] {
  let state = seed;
  const choose = (upTo: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return (state >> 8) % upTo;
  };
  return Array.from({ length: count }, () => pathNear(pattern, choose));
}

function pathNear(pattern: string, choose: (upTo: number) => number): string {
  const pick = (from: readonly string[]): string => from[choose(from.length)]!;
  let text = pattern.replace(/^[!./]*/, '');
  for (let depth = 0; depth < 8; depth += 1) {
    text = text.replace(
      /\{([^{}()]*)\}|([@?+*]?)\(([^{}()]*)\)/g,
      (_, braces?: string, sign?: string, parens?: string) => {
        const choices = (braces ?? parens ?? '').split(braces === undefined ? '|' : ',');
        const times = sign === '+' ? 1 + choose(2) : sign === '*' ? choose(3) : sign === '?' ? choose(2) : 1;
        return Array.from({ length: times }, () => pick(choices)).join('');
      },
    );
  }
  text = text
    .replace(/a\.\.b/g, () => pick(['a', 'b']))
    .replace(/\[(.[^\]]*)\]/gs, (all, members: string) => pick([...members, all, 'a', 'b', '-']))
    .replace(/\\(.)/gs, '$1')
    .replace(/\/\*\*(?=\/|$)/g, () => pick(['', '/a', '/b/a', '/.a', '/a.b/.', '/**']))
    .replace(/\*\*/g, () => pick(['', 'a', 'b/a', '.a', 'a/b.a', '.', '**']))
    .replace(/\*/g, () => pick(['', 'a', 'b', '.', 'a.', '.b', 'ab', '..', '*']))
    .replace(/\?/g, () => pick(['a', '.', 'b', '?']));
  const at = choose(text.length + 1);
  const change = pick(['', '', '', '', 'a', '.', '/', 'b', '/a']);
  const path = text.slice(0, at) + change + text.slice(at + choose(2));
  return path.replace(/\/+/g, '/').replace(/^\/|\/$/g, '');
}
