export type { Diagnostic, DiagnosticCode } from './diagnostic.js';
export type { Gate, LockUse, Pattern, Plan, PlanResult, SourceRange, Task } from './plan.js';
