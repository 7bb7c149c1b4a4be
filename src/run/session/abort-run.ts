import { dropTornLine, Journal, readJournal } from '../../journal/index.js';
import { ExitCode } from '../../util/errors/exit-code.js';
import { ForgeError } from '../../util/errors/forge-error.js';
import { busy, lockRoot, rootLockHolder } from '../store/root-lock.js';
import type { RunFolder } from '../store/run-folder.js';
import { ABANDONED, progressOf } from './open-run.js';

/**
 * Stops a run that is under way (as its Ctrl-C would), or gives up one that waits for its merge. What it made is kept
 * until `forge clean`. Gives what it did. Throws ForgeError (2) for a run that is merged.
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
    const progress = progressOf(readJournal(folder.journal));
    if (progress.merged)
      throw new ForgeError(`run ${folder.id} is merged; undo it with git or your editor`, ExitCode.invalid);
    dropTornLine(folder.journal);
    const journal = new Journal(folder.journal, folder.id, progress.lastSeq);
    journal.append({ type: 'merge.finished', state: 'declined', paths: [], reason: ABANDONED });
    journal.append({ type: 'run.finished', exitCode: ExitCode.declined, ms: 0, reason: ABANDONED });
    await journal.close();
  } finally {
    release();
  }
  return 'given up';
}
