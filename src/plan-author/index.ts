export { MOST_ROUNDS } from './plan-in-rounds.js';
export { splitPlan } from './split-plan.js';
export { type PlanRequest, writePlan } from './write-plan.js';
