import type { CompiledClaim } from './compiled-claim.js';
import { foldText } from './fold-text.js';
import { literalStart } from './literal-start.js';
import { UndecidableConstruct } from './regex-parser.js';

/**
 * What every path that a pattern names has in common, as far as a glance at the text shows. Two patterns whose
 * outlines clash share no path. All strings may be empty, which says nothing.
 */
export interface Outline {
  /** Every path plus `/` begins with this. */
  prefix: string;
  /** Every path ends with this. */
  suffix: string;
  /** The last segment of every path begins with this. */
  base: string;
  /** Every path plus `/` has this from segment number `depth` (from 0) on. */
  middle: { depth: number; text: string } | null;
}

/**
 * Text in which only `*`, `?` and braces around plain text are special, so that it can be read by eye. Three stars,
 * POSIX classes, ranges in braces and some extended globs make picomatch 4.0.7 write its expression a second time,
 * and then it forgets to escape the dots in plain text: `a.b/[[:alpha:]]` matches `a/b/c`.
 */
const SIMPLE = /^(?:[^\\*?[\]{}()|!+@"^$\n\r\u2028\u2029]|[*?]|\{[^\\*?[\]{}()|!+@"^$/.\n]*\})*$/;
const SPECIAL = /[*?{]/;
const NONE: Outline = { prefix: '', suffix: '', base: '', middle: null };

/** Whether a glob is so plain that nothing can be wrong with it. */
export function isSimple(glob: string): boolean {
  return SIMPLE.test(glob) && !glob.includes('***');
}

/** Takes a pattern; gives its outline, in folded case when the pattern ignores case. */
export function outlineOf(compiled: CompiledClaim): Outline {
  const { glob } = compiled.claim;
  if (glob === '') return NONE;
  const text = compiled.caseInsensitive ? foldText(glob) : glob;
  if (compiled.literal !== undefined) return { ...NONE, prefix: `${text.replace(/\/+$/, '')}/` };
  if (isSimple(text)) return simpleOutline(text);
  const { program } = compiled;
  return program instanceof UndecidableConstruct ? NONE : { ...NONE, prefix: literalStart(program) };
}

function simpleOutline(text: string): Outline {
  const segments = text.split('/');
  const last = segments.at(-1)!;
  const below = last === '';
  const firstWild = segments.findIndex((segment) => SPECIAL.test(segment));
  const wild = segments[firstWild]!;
  const before = segments.slice(0, firstWild).map((segment) => `${segment}/`);
  const prefix = before.join('') + (wild.includes('**') ? '' : wild.slice(0, wild.search(SPECIAL)));
  if (below) return { ...NONE, prefix, middle: middleOf(segments.slice(0, -1), firstWild) };
  const open = last.includes('**');
  return {
    prefix,
    suffix: open ? '' : last.slice(Math.max(...['*', '?', '}'].map((char) => last.lastIndexOf(char))) + 1),
    base: open ? '' : last.slice(0, SPECIAL.test(last) ? last.search(SPECIAL) : undefined),
    middle: middleOf(segments, firstWild),
  };
}

/** The plain segments behind the first wild ones, as long as every segment before them is exactly one segment. */
function middleOf(segments: readonly string[], firstWild: number): Outline['middle'] {
  let depth = firstWild;
  while (depth < segments.length && SPECIAL.test(segments[depth]!)) {
    if (segments[depth]!.includes('**')) return null;
    depth += 1;
  }
  let text = '';
  for (const segment of segments.slice(depth)) {
    if (SPECIAL.test(segment)) break;
    text += `${segment}/`;
  }
  return text === '' ? null : { depth, text };
}
