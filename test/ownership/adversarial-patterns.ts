/** Patterns made to blow something up: picomatch's parser, a backtracking matcher, the subset construction, memory. */
export interface AdversarialPair {
  about: string;
  a: readonly string[];
  b: readonly string[];
  /** What must come out. `either`: undecided is allowed too, an answer is better. */
  answer: 'apart' | 'shared' | 'undecided' | 'either';
}

const nested = (open: string, depth: number): string => `${open.repeat(depth)}a${')'.repeat(depth)}`;
const letters = 'abcdefghijklmnopqrstuvwxyz';

export const ADVERSARIAL: readonly AdversarialPair[] = [
  {
    about: 'a hundred stars, matched by backtracking in exponential time',
    a: [`${'*a'.repeat(100)}b`],
    b: [`${'a*'.repeat(100)}b`],
    answer: 'either',
  },
  {
    about: 'thirty stars, of which the same is true',
    a: [`${'*a'.repeat(30)}b`],
    b: [`${'a*'.repeat(30)}b`],
    answer: 'shared',
  },
  {
    about: 'a hundred globstars on both sides',
    a: [`${'**/a/'.repeat(50)}x`],
    b: [`${'**/b/'.repeat(50)}x`],
    answer: 'either',
  },
  {
    about: 'subtraction that needs 2^24 states: the 25th character from the end',
    a: [`*b${'?'.repeat(24)}`],
    b: [`*${'?'.repeat(24)}`, `!*b${'?'.repeat(24)}`, `!*a${'?'.repeat(24)}x`],
    answer: 'apart',
  },
  {
    about: 'two such conditions, one subtracted: the answer would need every state',
    a: [`*a${'?'.repeat(30)}`, `!*b${'?'.repeat(29)}`, `!*c${'?'.repeat(28)}`],
    b: [`*[ab]${'?'.repeat(30)}`, `!*[!d]${'?'.repeat(27)}`],
    answer: 'either',
  },
  {
    about: 'negated groups nested 40 deep, which are refused',
    a: [nested('!(', 40)],
    b: ['b'],
    answer: 'undecided',
  },
  {
    about: 'repetition of repetition, 90 deep: picomatch takes it as plain text, and cubic time for more',
    a: [nested('*(', 90)],
    b: ['a*'],
    answer: 'undecided',
  },
  {
    about: 'repetition of repetition that is not refused, 90 deep',
    a: [nested('+(b', 90)],
    b: ['a*'],
    answer: 'apart',
  },
  { about: 'groups nested 90 deep', a: [nested('@(', 90)], b: ['*b'], answer: 'apart' },
  { about: 'more parentheses than are read', a: [nested('@(', 1300)], b: ['a*'], answer: 'undecided' },
  {
    about: 'more braces than are read',
    a: [`${'{a,'.repeat(1000)}b${'}'.repeat(1000)}`],
    b: ['*'],
    answer: 'undecided',
  },
  { about: '4,000 open parentheses', a: ['('.repeat(4000)], b: ['**'], answer: 'undecided' },
  { about: 'longer than is read', a: [`${'a?'.repeat(40_000)}`], b: ['**'], answer: 'undecided' },
  {
    about: 'as long as is read',
    a: [`*a${'?'.repeat(4090)}`],
    b: [`*b${'?'.repeat(4089)}`],
    answer: 'either',
  },
  {
    about: 'repeated choices of which one begins like the other',
    a: [`+(a|ab)${'+(a|aab)'.repeat(15)}`],
    b: ['*b*c'],
    answer: 'apart',
  },
  {
    about: 'turns that may be empty',
    a: ['+(@(a|)@(b|))+(@(|a)@(b|))*(@(a|)b?)c'],
    b: ['*d'],
    answer: 'apart',
  },
  {
    about: 'a brace for every bit',
    a: ['{a,b}'.repeat(200)],
    b: [`${'?'.repeat(200)}c`],
    answer: 'apart',
  },
  {
    about: 'a set that subtracts every letter in turn',
    a: ['**', ...[...letters].map((letter) => `!**/*${letter}*/**`)],
    b: ['**', ...[...letters].map((letter) => `!**/*${letter}${letter}*/**`)],
    answer: 'either',
  },
  { about: 'an expression that V8 takes for ever over', a: ['+(@(+(a)))b'], b: ['a*c'], answer: 'apart' },
  { about: 'a back-reference', a: ['(a|b)\\1'], b: ['aa'], answer: 'undecided' },
  { about: 'a lookbehind', a: ['*(?<!a)b'], b: ['b'], answer: 'undecided' },
  { about: 'a subtracted lookbehind', a: ['b*', '!*(?<!a)b'], b: ['b'], answer: 'undecided' },
];

/** Single patterns with paths on which a backtracking matcher would not come back. */
export const SLOW_TO_MATCH: readonly { pattern: string; path: string }[] = [
  { pattern: `${'*a'.repeat(30)}b`, path: 'a'.repeat(4000) },
  { pattern: `**/${'**/a/'.repeat(30)}b`, path: `${'a/'.repeat(2000)}c` },
  { pattern: '+(@(+(a)))b', path: 'a'.repeat(4000) },
  { pattern: '+(a|a@(+(a)))b', path: 'a'.repeat(4000) },
  { pattern: '*(a|a?)*(a|a?)*(a|a?)b', path: 'a'.repeat(4000) },
  { pattern: `${'*(a*|b)'.repeat(30)}c`, path: 'a'.repeat(4000) },
  { pattern: `*a${'?'.repeat(25)}`, path: 'ab'.repeat(2000) },
];
