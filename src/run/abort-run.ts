import { ExitCode } from '../exit-code.js';
import { ForgeError } from '../forge-error.js';
import { dropTornLine, Journal, readJournal } from '../journal/index.js';
import { ABANDONED, progressOf } from './open-run.js';
import { lockRoot, rootLockHolder } from './root-lock.js';
import type { RunFolder } from './run-folder.js';

/**
 * Stops a run that is under way (as its Ctrl-C would), or gives up one that waits for its merge. What it made is kept
 * until `forge clean`. Gives what it did. Throws ForgeError (2) for a run that is merged.
 */
export async function abortRun(folder: RunFolder): Promise<'stopped' | 'given up'> {
  const progress = progressOf(readJournal(folder.journal));
  const holder = rootLockHolder(folder.root);
  if (holder && holder.pid === progress.pid && progress.exitCode === undefined) {
    process.kill(holder.pid, 'SIGTERM');
    return 'stopped';
  }
  if (progress.merged) {
    throw new ForgeError(`run ${folder.id} is merged; undo it with git or your editor`, ExitCode.invalid);
  }
  const release = lockRoot(folder.root, `abort of ${folder.id}`);
  try {
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
