import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { missingPrograms, proposeGates } from './plan/gate-proposal.js';
import { proposeOwnership } from './plan/ownership-proposal.js';
import { factsFor, type ProjectFacts } from './plan/project-facts.js';
import { starterPlan } from './plan/starter-plan.js';
import { surveyProject } from './survey/survey.js';
import { fillIn, readSchema, readTemplates } from './templates.js';

/** A file that `forge init` wants to be there. `path` is relative to the root. */
export interface SetupFile {
  path: string;
  text: string;
  executable: boolean;
}

/** What was found and what follows from it. */
export interface Setup extends ProjectFacts {
  files: readonly SetupFile[];
  /** What people should know: manifests that were not understood, programs of gates that are not on PATH. */
  notes: readonly string[];
}

export const PLAN_FILE = 'forge.plan.yaml';
/** Where a schema lies that npm installed with forge, and where init puts one otherwise. */
const NPM_SCHEMA = 'node_modules/droidforge/schemas/forge.plan.schema.json';
const OWN_SCHEMA = '.factory/forge.plan.schema.json';

/**
 * The files that set a project up. The schema that the plan names is npm's copy where forge is installed in the project.
 * Otherwise a copy beside the personas: it works offline, is the one this forge checks with, and means the same to
 * everybody who clones the project, which neither an absolute path nor a web address would.
 */
export async function designSetup(root: string): Promise<Setup> {
  const [survey, templates] = await Promise.all([surveyProject(root), readTemplates()]);
  const tasks = proposeOwnership(survey);
  const gates = proposeGates(survey);
  const byNpm = existsSync(join(root, NPM_SCHEMA));
  const facts: ProjectFacts = { survey, tasks, gates, schema: byNpm ? NPM_SCHEMA : OWN_SCHEMA };
  const files: SetupFile[] = [{ path: PLAN_FILE, text: starterPlan(facts), executable: false }];
  if (!byNpm) files.push({ path: OWN_SCHEMA, text: await readSchema(), executable: false });
  for (const template of templates)
    files.push({ ...template, text: fillIn(template.text, factsFor(template.name, facts)) });
  const missing = missingPrograms(gates, process.env.PATH ?? '').map(
    (program) => `${program} is not on PATH here: gates that call it fail until it is`,
  );
  return { ...facts, files, notes: [...survey.notes, ...missing] };
}
