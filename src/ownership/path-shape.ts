import { type CharSet, caseFolding, foldSet, theSet } from './char-set.js';

const NOT_OWNABLE = /(?:^|\/)(?:\.{0,2}|\.git)(?:\/|$)|^\.forge(?:\/|$)|\0/;
const NOT_OWNABLE_FOLDED = new RegExp(NOT_OWNABLE.source, 'i');

/**
 * Takes a path; says whether any pattern may claim it: relative, no empty, `.` or `..` segment, no `.git` segment,
 * not `.forge` nor anything in it.
 */
export function isOwnablePath(path: string, caseInsensitive: boolean): boolean {
  return !(caseInsensitive ? NOT_OWNABLE_FOLDED : NOT_OWNABLE).test(path);
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
 * Every prefix of a word that no segment may be, first those of the first segment, which may not be `.forge`
 * either. State numbers index this list; the two states after it are a segment that is like none of the words,
 * and a high surrogate that needs its partner.
 */
const PREFIXES = ['', '.', '..', '.g', '.gi', '.git', '.f', '.fo', '.for', '.forg', '.forge'];
const FORBIDDEN = new Set(['', '.', '..', '.git', '.forge']);
const INNER = ['', '.', '..', '.g', '.gi', '.git'];
const OTHER = PREFIXES.length + INNER.length;
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
  const fold = (text: string): string =>
    folded ? String.fromCharCode(...[...text].map((char) => caseFolding()[char.charCodeAt(0)]!)) : text;
  const words = [...PREFIXES, ...INNER].map(fold);
  const goesOn = words.map((word, state) => {
    const inner = state >= PREFIXES.length;
    const longer = new Map<number, number>();
    for (const [target, other] of words.entries()) {
      if (target >= PREFIXES.length === inner && other.length === word.length + 1 && other.startsWith(word)) {
        longer.set(other.charCodeAt(word.length), target);
      }
    }
    return longer;
  });
  const forbidden = [...PREFIXES, ...INNER].map((word) => FORBIDDEN.has(word));
  const single = (char: string): CharSet => {
    const code = char.charCodeAt(0);
    return folded ? foldSet([code, code]) : [code, code];
  };
  return {
    start: 0,
    step: (state, code) => {
      if (state === PENDING) return code >= LOW_START && code <= 0xdfff ? OTHER : -1;
      if (code === 47) return forbidden[state] === true ? -1 : PREFIXES.length;
      if (code === 0) return -1;
      if (code >= 0xd800 && code < LOW_START) return PENDING;
      // A low surrogate on its own stands for a byte that is not UTF-8, 0x80 to 0xff: see workspace/path-bytes.ts.
      if (code >= LOW_START && code <= 0xdfff && (code < 0xdc80 || code > 0xdcff)) return -1;
      return goesOn[state]?.get(code) ?? OTHER;
    },
    accepts: (state) => state !== PENDING && forbidden[state] !== true,
    atSegmentStart: (state) => state === 0 || state === PREFIXES.length,
    sets: [...[...'/.gitfore\0'].map(single), [0xd800, 0xdbff], [0xdc00, 0xdfff], [0xdc80, 0xdcff]].map(
      theSet,
    ),
  };
}
