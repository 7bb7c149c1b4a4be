export type { Diagnostic } from './diagnostics/diagnostic.js';
export { diagnosticsToJson } from './diagnostics/diagnostics-json.js';
export { diagnosticRenderer } from './diagnostics/render-diagnostic.js';
export type { Gate, LockUse, Pattern, Plan, PlanResult, Task } from './plan.js';
export { PlanFileError } from './plan-file.js';
export { type ReadPlanOptions, readPlan } from './read-plan.js';
export { readPlanRoot } from './read-root.js';
export type { Splits } from './tasks/part.js';
