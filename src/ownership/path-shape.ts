import { isReservedPath } from '../util/paths/reserved-path.js';
import { type CharSet, caseFolding, foldSet, theSet } from './char-set.js';

const NOT_OWNABLE = /(?:^|\/)\.{0,2}(?:\/|$)|\0/;

/** Whether any pattern may claim a path: relative, no empty, `.` or `..` segment, nothing reserved (in any case of letters). */
export function isOwnablePath(path: string): boolean {
  return !NOT_OWNABLE.test(path) && !isReservedPath(path);
}

/** `isOwnablePath` and "can be the name of a file" as an automaton, for the search of witnesses. */
export interface PathShape {
  start: number;
  /** State after one more character, or -1 when no path goes on so. */
  step(state: number, code: number): number;
  /** Whether a path may end here. */
  accepts(state: number): boolean;
  /** Whether a segment begins here. */
  atSegmentStart(state: number): boolean;
  /** The sets of characters that the automaton tells apart. */
  sets: readonly CharSet[];
}

/**
 * Every prefix of a word that no segment may be. State numbers index this list; the two states after it are a segment
 * that is like none of the words, and a high surrogate that needs its partner.
 */
const PREFIXES = ['', '.', '..', '.g', '.gi', '.git', '.f', '.fo', '.for', '.forg', '.forge'];
const FORBIDDEN = new Set(['', '.', '..', '.git', '.forge']);
const OTHER = PREFIXES.length;
const PENDING = OTHER + 1;
const LOW_START = 0xdc00;

const shapes = new Map<boolean, PathShape>();

/** Takes whether names are folded (then the automaton reads folded characters); gives the automaton. */
export function pathShape(folded: boolean): PathShape {
  const known = shapes.get(folded);
  if (known !== undefined) return known;
  const shape = makePathShape(folded);
  shapes.set(folded, shape);
  return shape;
}

function makePathShape(folded: boolean): PathShape {
  const goesOn = PREFIXES.map((word) => {
    const longer = new Map<number, number>();
    for (const [target, other] of PREFIXES.entries()) {
      if (other.length !== word.length + 1 || !other.startsWith(word)) continue;
      const [first, second] = bothCases(other[word.length]!);
      for (const code of folded ? [caseFolding()[first]!] : [first, second]) longer.set(code, target);
    }
    return longer;
  });
  const forbidden = PREFIXES.map((word) => FORBIDDEN.has(word));
  const letter = (char: string): CharSet => {
    const [upper, lower] = bothCases(char);
    if (folded) return foldSet([upper, upper]);
    return upper === lower ? [upper, upper] : [upper, upper, lower, lower];
  };
  return {
    start: 0,
    step: (state, code) => {
      if (state === PENDING) return code >= LOW_START && code <= 0xdfff ? OTHER : -1;
      if (code === 47) return forbidden[state] === true ? -1 : 0;
      if (code === 0) return -1;
      if (code >= 0xd800 && code < LOW_START) return PENDING;
      // A low surrogate on its own stands for a byte that is not UTF-8, 0x80 to 0xff: see workspace/path-bytes.ts.
      if (code >= LOW_START && code <= 0xdfff && (code < 0xdc80 || code > 0xdcff)) return -1;
      return goesOn[state]?.get(code) ?? OTHER;
    },
    accepts: (state) => state !== PENDING && forbidden[state] !== true,
    atSegmentStart: (state) => state === 0,
    sets: [...[...'/.gitfore\0'].map(letter), [0xd800, 0xdbff], [0xdc00, 0xdfff], [0xdc80, 0xdcff]].map(
      theSet,
    ),
  };
}

/** The codes of a character's two cases: reserved names are reserved in either, whether or not the tree tells them apart. */
function bothCases(char: string): [upper: number, lower: number] {
  return [char.toUpperCase().charCodeAt(0), char.toLowerCase().charCodeAt(0)];
}
