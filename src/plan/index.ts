export type { Diagnostic, DiagnosticCode } from './diagnostic.js';
export { type CheckJson, diagnosticsToJson, type JsonDiagnostic } from './diagnostics-json.js';
export { closestName, didYouMean } from './did-you-mean.js';
export type { Gate, LockUse, Pattern, Plan, PlanResult, SourceRange, Task } from './plan.js';
export { PlanFileError } from './plan-file.js';
export { displayWidth, printable } from './printable.js';
export { type ReadPlanOptions, readPlan } from './read-plan.js';
export { diagnosticRenderer, type RenderOptions, renderDiagnostic } from './render-diagnostic.js';
