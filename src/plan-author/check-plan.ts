import type { PersonaEntry } from '../agents/index.js';
import { type Diagnostic, type PlanResult, type ReadPlanOptions, readPlan } from '../plan/index.js';
import { didYouMean } from '../util/text/nearest-name.js';

/**
 * Reads a plan that an agent wrote. A task for a persona that is not there is wrong too: `forge apply` would only find
 * out when it starts. @throws what `readPlan` throws
 */
export async function checkPlan({
  personas,
  ...options
}: ReadPlanOptions & { personas: readonly PersonaEntry[] }): Promise<PlanResult> {
  const result = await readPlan(options);
  if (!result.ok) return result;
  const names = personas.map(({ name }) => name);
  const problems = result.plan.tasks.flatMap(({ id, persona, at }): Diagnostic[] => {
    if (persona === undefined || names.includes(persona)) return [];
    return [
      {
        code: 'schema',
        severity: 'error',
        message: `\`${id}\` is for the persona \`${persona}\`, which has no file .factory/droids/${persona}.md`,
        at,
        related: [],
        hint:
          didYouMean(persona, names) ??
          (names.length > 0 ? `there is ${names.join(', ')}` : 'leave `droid` out'),
      },
    ];
  });
  if (problems.length === 0) return result;
  const { text, tasks, root } = result.plan;
  return { ok: false, diagnostics: problems, text, tasks: tasks.length, root };
}
