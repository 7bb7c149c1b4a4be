/**
 * How hard the tests try. `npm test` tries every kind of case, with few random ones; with FORGE_FULL all combinations are
 * tried, and of random cases as many as were found worth trying (1), a fifth of them (0.2) or ten times as many (10).
 */
const FULL = Number(process.env.FORGE_FULL ?? 0);

/** Whether to try what takes too long for every `npm test`. */
export const isFull = FULL > 0;

/** How many random cases to try. */
export const cases = (few: number, full: number): number => (isFull ? Math.ceil(full * FULL) : few);

/** FORGE_SEED=… repeats a run that failed, which told it; undefined: another seed each time. */
export const SEED = process.env.FORGE_SEED === undefined ? undefined : Number(process.env.FORGE_SEED);
