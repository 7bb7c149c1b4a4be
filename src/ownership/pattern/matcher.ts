import { isOwnablePath } from '../automaton/path-shape.js';
import { type MatchOptions, Pattern } from './pattern.js';

/** Whether a set of patterns claims a path, which is relative to the root and `/`-separated. */
export type PathMatcher = (path: string) => boolean;

/**
 * The function that says whether patterns (one `owns` or `reads` as written, in any order) claim a path: some pattern
 * names it and no `!pattern` does. The same automata as in the proof decide, so enforcement and proof cannot disagree.
 * Never throws; a pattern that `checkPattern` refuses claims nothing, or takes away everything.
 */
export function createMatcher(patterns: readonly string[], options: MatchOptions = {}): PathMatcher {
  const all = patterns.map((text) => new Pattern(text, options.caseInsensitive === true));
  const adds = anyOf(all.filter((pattern) => !pattern.subtracts));
  const subtracts = anyOf(all.filter((pattern) => pattern.subtracts));
  return (path) => isOwnablePath(path) && adds(path) && !subtracts(path);
}

/** Whether any of the patterns names a path. Of plain paths any number is looked up at once. */
function anyOf(patterns: readonly Pattern[]): PathMatcher {
  const files = new Set<string>();
  const folders = new Set<string>();
  const globs: Pattern[] = [];
  for (const pattern of patterns) {
    const { literal, below, caseInsensitive } = pattern;
    if (literal === undefined || literal === '' || caseInsensitive) globs.push(pattern);
    else {
      folders.add(literal);
      if (below === 'also') files.add(literal);
    }
  }
  const isBelow = (path: string): boolean => {
    for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
      if (folders.has(path.slice(0, slash))) return true;
    }
    return false;
  };
  return (path) =>
    files.has(path) || (folders.size > 0 && isBelow(path)) || globs.some((pattern) => pattern.names(path));
}
