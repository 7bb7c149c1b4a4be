import { foldText } from '../automaton/char-set.js';
import { GlobProblem } from './glob-problem.js';

/** What of a pattern tells its literals. */
interface Source {
  readonly glob: string;
  readonly caseInsensitive: boolean;
  readonly literal: string | undefined;
  /** A GlobProblem where the glob can't be read. */
  readonly automaton: object;
}

/**
 * What all paths that a pattern names have in common, as far as a glance at its text shows, in folded case when it
 * ignores case. Patterns whose literals clash share no path. All strings may be empty, which says nothing.
 */
export interface Literals {
  /** Every path plus `/` begins with this. */
  prefix: string;
  /** Every path ends with this. */
  suffix: string;
  /** The last segment of every path begins with this. */
  base: string;
  /** Every path plus `/` has this from segment number `depth` (from 0) on. */
  middle: { depth: number; text: string } | null;
}

/** Text in which only `*`, `?` and braces around plain text are special, so that it can be read by eye. */
const SIMPLE = /^(?:[^\\*?[\]{}()|!+@"^$]|[*?]|\{[^\\*?[\]{}()|!+@"^$/.]*\})*$/;
const WILD = /[*?{]/;
const SPECIAL = /[\\*?[\]{}()|!+@"^$]/;
const NONE: Literals = { prefix: '', suffix: '', base: '', middle: null };

export function literalsOf(pattern: Source): Literals {
  if (pattern.glob === '') return NONE;
  const text = pattern.caseInsensitive ? foldText(pattern.glob) : pattern.glob;
  if (pattern.literal !== undefined) return { ...NONE, prefix: `${text.replace(/\/+$/, '')}/` };
  if (SIMPLE.test(text) && !text.includes('***')) return literalsOfSimple(text);
  return pattern.automaton instanceof GlobProblem
    ? NONE
    : { ...NONE, prefix: text.slice(0, text.search(SPECIAL)) };
}

function literalsOfSimple(text: string): Literals {
  const segments = text.split('/');
  const last = segments.at(-1)!;
  const below = last === '';
  const firstWild = segments.findIndex((segment) => WILD.test(segment));
  const wild = segments[firstWild]!;
  const before = segments.slice(0, firstWild).map((segment) => `${segment}/`);
  const prefix = before.join('') + (wild.includes('**') ? '' : wild.slice(0, wild.search(WILD)));
  if (below) return { ...NONE, prefix, middle: middleOf(segments.slice(0, -1), firstWild) };
  const open = last.includes('**');
  return {
    prefix,
    suffix: open ? '' : last.slice(Math.max(...['*', '?', '}'].map((char) => last.lastIndexOf(char))) + 1),
    base: open ? '' : last.slice(0, WILD.test(last) ? last.search(WILD) : undefined),
    middle: middleOf(segments, firstWild),
  };
}

/** The plain segments behind the first wild ones, as long as every segment before them is exactly one segment. */
function middleOf(segments: readonly string[], firstWild: number): Literals['middle'] {
  let depth = firstWild;
  while (depth < segments.length && WILD.test(segments[depth]!)) {
    if (segments[depth]!.includes('**')) return null;
    depth += 1;
  }
  let text = '';
  for (const segment of segments.slice(depth)) {
    if (WILD.test(segment)) break;
    text += `${segment}/`;
  }
  return text === '' ? null : { depth, text };
}
