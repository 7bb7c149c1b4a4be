export { findOverlaps, findReaders, OVERLAP_LIMIT, type Overlap } from './overlap/overlap.js';
export { checkPattern, type PatternProblem } from './pattern/check-pattern.js';
export { createMatcher, type PathMatcher } from './pattern/matcher.js';
export type { MatchOptions } from './pattern/pattern.js';
