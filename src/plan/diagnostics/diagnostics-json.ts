import type { PlanResult, SourceRange } from '../plan.js';
import type { Diagnostic } from './diagnostic.js';

/** A place as `forge check --json` prints it. */
export type JsonPlace = SourceRange;

/** A diagnostic as `forge check --json` prints it: its main place is spread into it. */
export type JsonDiagnostic = Pick<Diagnostic, 'code' | 'severity' | 'message'> &
  JsonPlace &
  Pick<Diagnostic, 'tasks' | 'patterns' | 'witness' | 'hint'> & {
    related: (JsonPlace & { message: string })[];
  };

export interface CheckJson {
  ok: boolean;
  /** The plan file. */
  plan: string;
  /** How many tasks the plan has. */
  tasks: number;
  diagnostics: JsonDiagnostic[];
}

/** What reading a plan file gave, as `forge check --json` prints it. */
export function diagnosticsToJson(file: string, result: PlanResult): CheckJson {
  return {
    ok: result.ok,
    plan: file,
    tasks: result.ok ? result.plan.tasks.length : result.tasks,
    diagnostics: (result.ok ? result.warnings : result.diagnostics).map(toJson),
  };
}

function toJson({
  code,
  severity,
  message,
  at,
  related,
  tasks,
  patterns,
  witness,
  hint,
}: Diagnostic): JsonDiagnostic {
  return {
    code,
    severity,
    message,
    ...at,
    tasks,
    patterns,
    witness,
    hint,
    related: related.map((place) => ({ ...place.at, message: place.message })),
  };
}
