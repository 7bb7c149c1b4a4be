import { sharedByFolders } from './folder.js';
import { clash } from './pattern-index.js';
import type { PooledPattern } from './pattern-pool.js';
import type { Program } from './program.js';
import { UndecidableConstruct } from './regex-parser.js';
import { findPath } from './search.js';

/** Whether two patterns share a path, what is subtracted on either side taken away. */
export type Decision =
  | { state: 'apart' }
  | { state: 'shared'; witness: string }
  | { state: 'undecided'; reason: string };

/** Steps of search for one question: about a tenth of a second. */
const STEPS_PER_QUESTION = 200_000;
/** Questions about patterns that people write take fewer steps than this. */
const ORDINARY_STEPS = 5000;
/** Steps beyond the ordinary ones for all questions of one call: a few seconds. Only hostile patterns use them up. */
const EXTRA_STEPS_IN_ALL = 4_000_000;

/** Answers questions about pairs of patterns, each once. */
export class Decisions {
  private readonly known = new Map<string, Decision>();
  private extraLeft = EXTRA_STEPS_IN_ALL;

  constructor(private readonly caseInsensitive: boolean) {}

  /** Takes two patterns and what is subtracted; gives whether a path is left that both claim. */
  decide(a: PooledPattern, b: PooledPattern, subtracts: readonly PooledPattern[]): Decision {
    if (clash(a.outline, b.outline)) return { state: 'apart' };
    const taken = relevant(a, b, subtracts);
    const witness = taken.length === 0 ? sharedByFolders(a.compiled, b.compiled) : undefined;
    return witness === undefined ? this.search([a, b], taken) : { state: 'shared', witness };
  }

  /** Takes patterns; gives whether a path is named by all of `inside` and by none of `outside`. */
  search(inside: readonly PooledPattern[], outside: readonly PooledPattern[]): Decision {
    const key = `${idsOf(inside)}!${idsOf(outside)}`;
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const decision = this.answer(inside, outside);
    this.known.set(key, decision);
    return decision;
  }

  private answer(inside: readonly PooledPattern[], outside: readonly PooledPattern[]): Decision {
    const taken = new Set(outside.map(({ compiled }) => compiled.claim.glob));
    if (inside.some(({ compiled }) => taken.has(compiled.claim.glob))) return { state: 'apart' };
    const { included, excluded, undecidable } = programsOf(inside, outside);
    const stuck = inside.find(({ compiled }) => compiled.program instanceof UndecidableConstruct);
    if (stuck !== undefined && undecidable !== undefined) return { state: 'undecided', reason: undecidable };
    const budget = { left: Math.min(STEPS_PER_QUESTION, ORDINARY_STEPS + this.extraLeft) };
    const given = budget.left;
    const result = findPath(included, excluded, this.caseInsensitive, budget);
    this.extraLeft -= Math.min(this.extraLeft, Math.max(0, given - budget.left - ORDINARY_STEPS));
    if (result === 'none') return { state: 'apart' };
    if (undecidable !== undefined) return { state: 'undecided', reason: undecidable };
    if (result !== 'gave up') return { state: 'shared', witness: result.found };
    const reason =
      given < STEPS_PER_QUESTION
        ? 'the plan has too many patterns that are complicated to compare'
        : `comparing the patterns takes more than ${STEPS_PER_QUESTION.toLocaleString('en')} steps`;
    return { state: 'undecided', reason };
  }
}

/** The automata of patterns; a pattern that has none is left out and is the reason that nothing can be said for sure. */
function programsOf(
  inside: readonly PooledPattern[],
  outside: readonly PooledPattern[],
): { included: Program[]; excluded: Program[]; undecidable: string | undefined } {
  let undecidable: string | undefined;
  const pick = ({ compiled }: PooledPattern): Program[] => {
    const { program } = compiled;
    if (!(program instanceof UndecidableConstruct)) return [program];
    undecidable ??= `\`${compiled.text}\` has ${program.message}`;
    return [];
  };
  return { included: inside.flatMap(pick), excluded: outside.flatMap(pick), undecidable };
}

/** The subtractions that can take away anything the two patterns share. */
export function relevant(
  a: PooledPattern,
  b: PooledPattern,
  subtracts: readonly PooledPattern[],
): readonly PooledPattern[] {
  const near = subtracts.filter(({ outline }) => !clash(outline, a.outline) && !clash(outline, b.outline));
  return near.length > 1 ? [...new Set(near)] : near;
}

function idsOf(patterns: readonly PooledPattern[]): string {
  return patterns
    .map(({ id }) => id)
    .sort((a, b) => a - b)
    .join();
}
