export { mayReplace, readExisting, rejectedFile, withHeader, writePlan } from './plan-file.js';
export { MOST_ROUNDS, type Planned, planInRounds } from './plan-in-rounds.js';
export { type SplitPlan, splitPlan } from './split-plan.js';
