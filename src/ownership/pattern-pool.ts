import { CompiledClaim } from './compiled-claim.js';
import { type Outline, outlineOf } from './outline.js';

/** One distinct pattern text of all the sets of a question. */
export interface PooledPattern {
  id: number;
  compiled: CompiledClaim;
  outline: Outline;
}

/** A set: its patterns that claim, each with its place in the set, and those that subtract. */
export interface PooledSet {
  claims: readonly { pattern: PooledPattern; at: number }[];
  subtracts: readonly PooledPattern[];
}

/** Keeps one object per distinct pattern, so that a pattern that many tasks share is compiled and compared once. */
export class PatternPool {
  readonly patterns: PooledPattern[] = [];
  private readonly byText = new Map<string, PooledPattern>();

  constructor(readonly caseInsensitive: boolean) {}

  /** Takes the patterns of a set as written; gives the set. */
  add(texts: readonly string[]): PooledSet {
    const claims: { pattern: PooledPattern; at: number }[] = [];
    const subtracts: PooledPattern[] = [];
    for (const [at, text] of texts.entries()) {
      const pattern = this.pattern(text);
      if (pattern.compiled.claim.subtracts) subtracts.push(pattern);
      else claims.push({ pattern, at });
    }
    return { claims, subtracts };
  }

  /** Takes the text of a pattern; gives its one object. */
  pattern(text: string): PooledPattern {
    const known = this.byText.get(text);
    if (known !== undefined) return known;
    const compiled = new CompiledClaim(text, this.caseInsensitive);
    const pattern = { id: this.patterns.length, compiled, outline: outlineOf(compiled) };
    this.patterns.push(pattern);
    this.byText.set(text, pattern);
    return pattern;
  }
}
