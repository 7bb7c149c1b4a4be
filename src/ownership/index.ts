export { checkPattern, type PatternProblem } from './check-pattern.js';
export type { MatchOptions } from './claim.js';
export { createMatcher, type PathMatcher } from './matcher.js';
export { findOverlaps, findReaders, OVERLAP_LIMIT, type Overlap } from './overlap.js';
