export type { Diagnostic, DiagnosticCode } from './diagnostics/diagnostic.js';
export { type CheckJson, diagnosticsToJson, type JsonDiagnostic } from './diagnostics/diagnostics-json.js';
export { diagnosticRenderer, type RenderOptions, renderDiagnostic } from './diagnostics/render-diagnostic.js';
export type { Gate, InvalidPlan, LockUse, Pattern, Plan, PlanResult, SourceRange, Task } from './plan.js';
export { PlanFileError } from './plan-file.js';
export { type ReadPlanOptions, readPlan } from './read-plan.js';
export { readPlanRoot } from './read-root.js';
export type { Part } from './tasks/part.js';
export type { Splits } from './tasks/split.js';
