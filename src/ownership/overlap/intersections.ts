import type { LazyDfa } from '../automaton/dfa.js';
import { GlobProblem } from '../pattern/glob-problem.js';
import type { Pattern } from '../pattern/pattern.js';
import { sharedByFolders } from './folder.js';
import { clash } from './pattern-index.js';
import { findPath } from './search.js';

/** Whether patterns share a path, what is subtracted taken away. */
export type Intersection =
  | { state: 'apart' }
  | { state: 'shared'; witness: string }
  | { state: 'undecided'; reason: string };

/** Steps of search for one question: about a tenth of a second. */
const STEPS_PER_QUESTION = 200_000;
/** Questions about patterns that people write take fewer steps than this. */
const ORDINARY_STEPS = 5000;
/** Steps beyond the ordinary ones for all questions of one call: a few seconds. Only hostile patterns use them up. */
const EXTRA_STEPS_IN_ALL = 2_000_000;

/** Answers questions about patterns of one interner, each once. */
export class Intersections {
  readonly #known = new Map<string, Intersection>();
  #extraLeft = EXTRA_STEPS_IN_ALL;

  constructor(readonly caseInsensitive: boolean) {}

  /** Whether a path is left that both patterns claim. */
  of(a: Pattern, b: Pattern, subtracts: readonly Pattern[]): Intersection {
    if (clash(a.literals, b.literals)) return { state: 'apart' };
    const taken = relevant(a, b, subtracts);
    const witness = taken.length === 0 ? sharedByFolders(a, b) : undefined;
    return witness === undefined ? this.search([a, b], taken) : { state: 'shared', witness };
  }

  /** Whether a path is named by all of `inside` and by none of `outside`. */
  search(inside: readonly Pattern[], outside: readonly Pattern[]): Intersection {
    const key = `${idsOf(inside)}!${idsOf(outside)}`;
    let answer = this.#known.get(key);
    if (answer === undefined) {
      answer = this.#search(inside, outside);
      this.#known.set(key, answer);
    }
    return answer;
  }

  #search(inside: readonly Pattern[], outside: readonly Pattern[]): Intersection {
    const taken = new Set(outside.map(({ glob }) => glob));
    if (inside.some(({ glob }) => taken.has(glob))) return { state: 'apart' };
    const unread = [...inside, ...outside].find(({ automaton }) => automaton instanceof GlobProblem);
    const reason =
      unread && `\`${unread.text}\` cannot be read: ${(unread.automaton as GlobProblem).message}`;
    const wanted = automataOf(inside);
    if (reason !== undefined && wanted.length < inside.length) return { state: 'undecided', reason };
    const given = Math.min(STEPS_PER_QUESTION, ORDINARY_STEPS + this.#extraLeft);
    const budget = { left: given };
    const result = findPath(wanted, automataOf(outside), this.caseInsensitive, budget);
    this.#extraLeft -= Math.min(this.#extraLeft, Math.max(0, given - budget.left - ORDINARY_STEPS));
    if (result === 'none') return { state: 'apart' };
    if (reason !== undefined) return { state: 'undecided', reason };
    if (result !== 'gave up') return { state: 'shared', witness: result.found };
    return {
      state: 'undecided',
      reason:
        given < STEPS_PER_QUESTION
          ? 'the plan has too many patterns that are complicated to compare'
          : `comparing the patterns takes more than ${STEPS_PER_QUESTION.toLocaleString('en')} steps`,
    };
  }
}

function automataOf(patterns: readonly Pattern[]): LazyDfa[] {
  return patterns.flatMap(({ automaton }) => (automaton instanceof GlobProblem ? [] : [automaton]));
}

/** The subtractions that can take away anything the two patterns share. */
export function relevant(a: Pattern, b: Pattern, subtracts: readonly Pattern[]): readonly Pattern[] {
  const near = subtracts.filter(
    ({ literals }) => !clash(literals, a.literals) && !clash(literals, b.literals),
  );
  return near.length > 1 ? [...new Set(near)] : near;
}

function idsOf(patterns: readonly Pattern[]): string {
  return patterns
    .map(({ id }) => id)
    .sort((a, b) => a - b)
    .join();
}
