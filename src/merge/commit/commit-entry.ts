import type { GitEntry } from '../merge-plan.js';
import { threeFiles, threeWay } from '../resolve/three-way.js';
import type { GitObjects } from './git-objects.js';
import { sameEntry } from './ref-update.js';

/** What a commit has at one path: an entry, nothing, or the reason why it can't be decided. */
export type Decided = { entry: GitEntry | null } | { reason: string };

/**
 * Decides what a commit has at a path, so that only the change from `start` to `result` goes into it: three-way on
 * what the commit before has (`prev`). `start` undefined = not known. An untracked file that the run changed goes in
 * whole, because there is nothing to separate the user's part from. `scratch`: prefix of scratch files.
 */
export async function commitEntry(
  objects: GitObjects,
  scratch: string,
  prev: GitEntry | null,
  start: GitEntry | null | undefined,
  result: GitEntry | null,
): Promise<Decided> {
  if (sameEntry(prev, result) || result === null || prev === null) return { entry: result };
  if (start !== undefined && sameEntry(prev, start)) return { entry: result };
  if (!start) return { reason: 'the last commit has it, but the run created it with different content' };
  if (![prev, start, result].every(({ mode }) => mode.startsWith('100'))) {
    return { reason: 'it differs from the last commit in kind (file, symlink)' };
  }
  const mode = start.mode === result.mode ? prev.mode : result.mode;
  if (start.oid === result.oid || prev.oid === result.oid) return { entry: { mode, oid: prev.oid } };
  if (start.oid === prev.oid) return { entry: { mode, oid: result.oid } };
  const files = threeFiles(scratch);
  await objects.write(prev.oid, files.theirs);
  await objects.write(start.oid, files.base);
  await objects.write(result.oid, files.ours);
  if ((await threeWay(objects.root, files)) !== undefined)
    return {
      reason:
        "the run changed the same place as edits that are not committed, so they can't be separated: commit or stash those first",
    };
  return { entry: { mode, oid: await objects.store({ from: files.into }) } };
}
