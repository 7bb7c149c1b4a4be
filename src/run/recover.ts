import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ExitCode } from '../exit-code.js';
import { dropTornLine, Journal, JournalDamagedError, readJournal } from '../journal/index.js';
import { type Merged, recoverMerge } from '../merge/index.js';
import { sweepScratch, sweepTemporary } from '../workspace/index.js';
import { type Progress, progressOf } from './open-run.js';
import { lockRoot, rootLockHolder } from './root-lock.js';
import { RunFolder } from './run-folder.js';

/**
 * What every command that has a root does first: finishes a merge that a dead forge left half-way, and removes the
 * scratch of dead runs. Quick when there is nothing. A living forge at work on the root is left alone.
 */
export async function recover(root: string, note: (text: string) => void): Promise<void> {
  await sweep(note);
  if (!existsSync(join(root, '.forge', 'merging')) || rootLockHolder(root)) return;
  const release = lockRoot(root, 'finishing an interrupted merge');
  try {
    await finishInterruptedMerge(root, note);
  } finally {
    release();
  }
}

/**
 * Ends and removes what dead forges left outside their roots: processes that no namespace ended, workspaces, scratch of
 * attempts. What can't be removed is told, and keeps no command from its work.
 */
export async function sweep(note: (text: string) => void): Promise<void> {
  for (const step of [sweepScratch, sweepTemporary]) {
    try {
      await step();
    } catch (error) {
      note(`could not remove what an interrupted run left: ${(error as Error).message}`);
    }
  }
}

/** Finishes an interrupted merge for a caller that holds the root's lock. The run's journal learns that it is merged. */
export async function finishInterruptedMerge(root: string, note: (text: string) => void): Promise<void> {
  const recovered = await recoverMerge(root, {
    record: (run, merged) => recordMerge(new RunFolder(root, run), merged, note),
  });
  if (!recovered) return;
  const { run, paths, outcome, displaced, refused } = recovered;
  if (outcome === 'undone') {
    note(
      `the merge of run ${run} was interrupted before it touched the tree; \`forge merge ${run}\` does it again`,
    );
    return;
  }
  note(
    `the merge of run ${run} was interrupted; finished it now (${paths.length} ${paths.length === 1 ? 'path' : 'paths'})`,
  );
  for (const { path, kept } of displaced) note(`${path} was changed meanwhile; that version is in ${kept}`);
  if (refused !== undefined) note(refused);
}

async function recordMerge(folder: RunFolder, merged: Merged, note: (text: string) => void): Promise<void> {
  if (!existsSync(folder.journal)) return;
  let progress: Progress;
  try {
    dropTornLine(folder.journal);
    progress = progressOf(readJournal(folder.journal));
  } catch (error) {
    if (!(error instanceof JournalDamagedError)) throw error;
    // The tree must not stay half merged because of a broken record.
    note(`that run ${folder.id} is merged could not be recorded: ${error.message}`);
    return;
  }
  const journal = new Journal(folder.journal, folder.id, progress.lastSeq);
  if (!progress.merged) {
    const reason = ['finished by a later forge command', ...(merged.refused ? [merged.refused] : [])].join(
      '; ',
    );
    journal.append({ type: 'merge.finished', state: 'merged', paths: merged.paths, reason });
  }
  if (progress.exitCode === undefined) journal.append({ type: 'run.finished', exitCode: ExitCode.ok, ms: 0 });
  await journal.close();
}
