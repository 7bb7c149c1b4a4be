import { agentNames } from '../agents/index.js';
import { ExitCode } from '../exit-code.js';
import { ForgeError } from '../forge-error.js';
import { readPlan } from '../plan/index.js';
import { findRoot, recover } from '../run/index.js';
import { defaultPlan } from './plan-argument.js';

/**
 * The working tree that a command about runs is about: the root of the plan (`-f`, or the one in this folder), else the
 * nearest folder at or above this one with a `.forge`. Finishes an interrupted merge there first.
 * Throws ForgeError (2) when there is none.
 */
export async function rootOf(flags: { file: string | undefined }): Promise<string> {
  const file = flags.file ?? defaultPlan();
  const root = (file === undefined ? undefined : await rootOfPlan(file)) ?? findRoot(process.cwd());
  if (root === undefined) {
    throw new ForgeError(`no runs are kept for ${process.cwd()} or a folder above it`, ExitCode.invalid);
  }
  await recover(root, (text) => process.stderr.write(`forge: ${text}\n`));
  return root;
}

/** undefined for a plan that is invalid by now: its runs are looked for by folder. */
async function rootOfPlan(file: string): Promise<string | undefined> {
  const result = await readPlan({ file, vars: {}, agents: agentNames });
  return result.ok ? result.plan.root : undefined;
}
