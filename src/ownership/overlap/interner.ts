import { Pattern } from '../pattern/pattern.js';

/** A set: its patterns that claim, each with its place in the set, and those that subtract. */
export interface PatternSet {
  claims: readonly { pattern: Pattern; at: number }[];
  subtracts: readonly Pattern[];
}

/** Keeps one object per distinct pattern, so that a pattern that many tasks share is compiled and compared once. */
export class Interner {
  /** Each at the place that is its `id`. */
  readonly patterns: Pattern[] = [];
  readonly #byText = new Map<string, Pattern>();

  constructor(readonly caseInsensitive: boolean) {}

  /** The set of patterns as written. */
  set(texts: readonly string[]): PatternSet {
    const all = texts.map((text, at) => ({ pattern: this.pattern(text), at }));
    return {
      claims: all.filter(({ pattern }) => !pattern.subtracts),
      subtracts: all.filter(({ pattern }) => pattern.subtracts).map(({ pattern }) => pattern),
    };
  }

  pattern(text: string): Pattern {
    const known = this.#byText.get(text);
    if (known !== undefined) return known;
    const pattern = new Pattern(text, this.caseInsensitive, this.patterns.length);
    this.patterns.push(pattern);
    this.#byText.set(text, pattern);
    return pattern;
  }
}
