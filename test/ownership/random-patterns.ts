import fc from 'fast-check';

/** What people write: folders, extensions, names with a wildcard in them. */
const NAME = fc.constantFrom('a', 'b', 'ab', '.a', 'a.b', 'b.a');
const SEGMENT = fc.oneof(
  { weight: 4, arbitrary: NAME },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      '*',
      '**',
      'a*',
      '*b',
      '*.a',
      '?',
      '?b',
      '*.{a,b}',
      '{a,b}',
      '.*',
      'a*b',
      '*a*',
    ),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      '[ab]',
      '[!a]',
      '[^b]*',
      '!(a)',
      '!(a|b)*',
      '*.!(a)',
      '@(a|b)',
      '+(a)',
      '*(a|b)',
      '?(a)b',
      '!(*.a)',
      'a!(b)',
      '!(a)b',
      '{a..b}',
      'a{,b}',
      '[[:lower:]]',
      '\\*',
      'a\\?',
      '!(!(a))',
      '(a|b)',
    ),
  },
);
const WRITTEN = fc
  .tuple(
    fc.array(SEGMENT, { minLength: 1, maxLength: 3 }),
    fc.constantFrom('', '', '', '/', '/**'),
    fc.constantFrom('', '', '', './'),
  )
  .map(([segments, end, start]) => start + segments.join('/') + end);

/** What nobody writes: pieces of syntax in any order, mostly unbalanced. */
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
  ...[
    '*(a|b)',
    '!(a/b)',
    '!(a/**)',
    '@(a/**|b)',
    '?(a/)',
    '(?!a)',
    '(?=a)',
    '[[:alpha:]]',
    '\n',
    '{a,b}',
    '{a/,b}',
  ],
);
const SCRAMBLED = fc.array(PIECE, { minLength: 1, maxLength: 6 }).map((pieces) => pieces.join(''));

/** A pattern that claims, from well written to scrambled. */
export const PATTERN: fc.Arbitrary<string> = fc.oneof(
  { weight: 5, arbitrary: WRITTEN },
  { weight: 1, arbitrary: SCRAMBLED },
);

/** A set of one to three patterns, some of them subtractions. */
export const PATTERN_SET: fc.Arbitrary<string[]> = fc.array(
  fc.tuple(PATTERN, fc.integer({ min: 0, max: 3 })).map(([text, n]) => (n === 0 ? `!${text}` : text)),
  { minLength: 1, maxLength: 3 },
);
