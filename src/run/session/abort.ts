import { GIVEN_UP, isMerged, Journal, replayRun } from '../../journal/index.js';
import { ExitCode, ForgeError, invalid } from '../../util/errors.js';
import { busy, lockRoot, rootLockHolder } from '../store/root-lock.js';
import type { RunFolder } from '../store/run-folder.js';

/**
 * Stops a run that is under way (as its Ctrl-C would), or gives up one that waits for its merge. What it made is kept
 * until `forge clean`. Gives what it did.
 * @throws ForgeError (2) for a run that is merged.
 */
export async function abortRun(folder: RunFolder): Promise<'stopped' | 'given up'> {
  const holder = rootLockHolder(folder.root);
  if (holder?.run === folder.id) {
    if (holder.isOfCopy) throw busy(folder.root, holder);
    if (holder.liveness === 'alive') {
      process.kill(holder.process.pid, 'SIGTERM');
      return 'stopped';
    }
    throw new ForgeError(
      `run ${folder.id} is under way on another machine or in another container (process ${holder.process.pid} there); stop it there`,
      ExitCode.refused,
    );
  }
  const release = lockRoot(folder.root, { doing: `abort of ${folder.id}`, run: folder.id });
  try {
    // Not before: whoever had the lock may have merged it.
    const run = replayRun(folder.journal);
    if (isMerged(run)) throw invalid(`run ${folder.id} is merged; undo it with git or your editor`);
    const journal = new Journal(folder.journal, folder.id, run.lastSeq);
    journal.append({ type: 'merge.finished', state: 'declined', paths: [], reason: GIVEN_UP });
    journal.append({ type: 'run.finished', exitCode: ExitCode.declined, ms: 0, reason: GIVEN_UP });
    await journal.close();
  } finally {
    release();
  }
  return 'given up';
}
