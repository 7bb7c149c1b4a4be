import { isReservedPath } from '../../util/paths/path.js';
import { caseFolding, charSet, complement } from './char-set.js';
import { LazyDfa } from './dfa.js';
import { alt, char, type Expression, repeat, SLASH, seq } from './expression.js';

const NOT_OWNABLE = /(?:^|\/)\.{0,2}(?:\/|$)|\0/;

/** Whether any pattern may claim a path: relative, no empty, `.` or `..` segment, nothing reserved (in any case of letters). */
export function isOwnablePath(path: string): boolean {
  return !NOT_OWNABLE.test(path) && !isReservedPath(path);
}

const NO_SEGMENTS = ['', '.', '..', '.git', '.forge'];
const known = new Map<boolean, LazyDfa>();

/** `isOwnablePath` and "can be the name of a file" as an automaton, which reads folded characters with `folded`. */
export function ownablePaths(folded: boolean): LazyDfa {
  let dfa = known.get(folded);
  if (dfa === undefined) {
    const segment = segmentBehind('', folded);
    dfa = new LazyDfa(seq(segment, repeat(seq(SLASH, segment), '*')), folded);
    known.set(folded, dfa);
  }
  return dfa;
}

/** What makes a segment that may be owned of its first characters, which begin one that may not. */
function segmentBehind(start: string, folded: boolean): Expression {
  const longer = NO_SEGMENTS.filter((name) => name.length > start.length && name.startsWith(start));
  const letters = [...new Set(longer.map((name) => name[start.length]!))];
  const codes = letters.map((letter) => casesOf(letter, folded));
  return alt(
    ...(NO_SEGMENTS.includes(start) ? [] : [seq()]),
    ...letters.map((letter, i) => seq(charOf(codes[i]!), segmentBehind(start + letter, folded))),
    seq(character(codes.flat()), repeat(character([]), '*')),
  );
}

/** One character of a name, as text has it, without some. */
function character(without: readonly number[]): Expression {
  const never = charSet([
    [0, 0],
    [47, 47],
    [0xd800, 0xdfff],
    ...without.map((code) => [code, code] as const),
  ]);
  return alt(
    char(complement(never)),
    seq(char(charSet([[0xd800, 0xdbff]])), char(charSet([[0xdc00, 0xdfff]]))),
    // On its own a low surrogate stands for a byte that is not UTF-8, 0x80 to 0xff: see util/paths/path.ts.
    char(charSet([[0xdc80, 0xdcff]])),
  );
}

function charOf(codes: readonly number[]): Expression {
  return char(charSet(codes.map((code) => [code, code])));
}

/** The codes of a character's cases: reserved names are reserved in either, whether or not the tree tells them apart. */
function casesOf(letter: string, folded: boolean): number[] {
  const [upper, lower] = [letter.toUpperCase().charCodeAt(0), letter.charCodeAt(0)];
  return folded ? [caseFolding()[lower]!] : [upper, lower];
}
