/**
 * How hard the tests try. `npm test` tries every kind of case, with few random ones; FORGE_FULL=1 (as in `.ci/run`)
 * all that were found worth trying, FORGE_FULL=10 ten times as many.
 */
const FULL = Number(process.env.FORGE_FULL ?? 0);

/** Whether to try what takes too long for every `npm test`. */
export const isFull = FULL > 0;

/** How many random cases to try. */
export const cases = (few: number, full: number): number => (isFull ? Math.ceil(full * FULL) : few);

/** FORGE_SEED=… repeats a run that failed, which told it; undefined: another seed each time. */
export const SEED = process.env.FORGE_SEED === undefined ? undefined : Number(process.env.FORGE_SEED);
