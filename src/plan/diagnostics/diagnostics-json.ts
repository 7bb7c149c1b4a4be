import type { PlanResult } from '../plan.js';

/** What reading a plan file gave, as `forge check --json` prints it: places are spread into what is there. */
export function diagnosticsToJson(file: string, result: PlanResult): object {
  const diagnostics = result.ok ? result.warnings : result.diagnostics;
  return {
    ok: result.ok,
    plan: file,
    tasks: result.ok ? result.plan.tasks.length : result.tasks,
    diagnostics: diagnostics.map(
      ({ code, severity, message, at, tasks, patterns, witness, hint, related }) => ({
        ...{ code, severity, message },
        ...at,
        ...{ tasks, patterns, witness, hint },
        related: related.map((place) => ({ ...place.at, message: place.message })),
      }),
    ),
  };
}
