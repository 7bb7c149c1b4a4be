import { readPlanRoot } from '../plan/index.js';
import { findRoot, trustToAct } from '../run/index.js';
import { invalid } from '../util/errors.js';
import { mayBeCommitted } from '../util/files/merge-record.js';
import { defaultPlan } from './plan-argument.js';
import { complain } from './terminal/terminal.js';

/**
 * The working tree that a command about runs is about: the root of the plan (`-f`, or the one in this folder), else the
 * nearest folder at or above this one with a `.forge`. First finishes a merge there that a dead forge left half written;
 * a command that `acts` also undoes one that had written nothing, and removes the scratch of dead runs.
 *
 * @throws ForgeError: 2 when there is none, 1 when its `.forge` is not ours to believe.
 */
export async function rootOf(flags: { file: string | undefined }, how: 'looks' | 'acts'): Promise<string> {
  const file = flags.file ?? defaultPlan();
  const root = (file === undefined ? undefined : await readPlanRoot(file)) ?? findRoot(process.cwd());
  if (root === undefined) throw invalid(`no runs are kept for ${process.cwd()} or a folder above it`);
  await trustToAct(root);
  if (how === 'acts' || mayBeCommitted(root)) {
    // Half of what such a command would load, for what is hardly ever to be done.
    const { finishHalfWritten, recover } = await import('../run/index.js');
    await (how === 'acts' ? recover : finishHalfWritten)(root, complain);
  }
  return root;
}
