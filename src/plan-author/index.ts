export { MOST_ROUNDS, type PlanRequest } from './plan-in-rounds.js';
export { splitPlan } from './split-plan.js';
export { writePlan } from './write-plan.js';
