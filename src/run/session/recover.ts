import { existsSync } from 'node:fs';
import { isMerged, Journal, JournalDamagedError, replayUnlessDamaged } from '../../journal/index.js';
import { assertBelieved, type Merged, type RecoverHow, recoverMerge } from '../../merge/index.js';
import { ExitCode } from '../../util/errors.js';
import { mayBeCommitted, mayBeMerging } from '../../util/files/merge-record.js';
import { count } from '../../util/text/amounts.js';
import { sweepScratch, sweepTemporary } from '../../workspace/index.js';
import { trustToRead } from '../store/forge-folder.js';
import { settleRemovals } from '../store/remove-run.js';
import { lockRoot, rootLockHolder } from '../store/root-lock.js';
import { RunFolder } from '../store/run-folder.js';

/**
 * What a command that only looks does first: finishes a merge that a dead forge left past its commit point, or what is
 * in the tree is neither the old nor the new one. It changes nothing else. A forge at work on the root is left alone.
 * @throws MergeError, HalfWrittenError (5)
 */
export async function finishHalfWritten(root: string, note: (text: string) => void): Promise<void> {
  if (!mayBeCommitted(root) || rootLockHolder(root) !== undefined) return;
  // Before even the lock is touched.
  await assertBelieved(root);
  await finishUnderLock(root, note, 'finish');
}

/**
 * What a command that acts on a root does first: finishes or undoes a merge that a dead forge left, and removes the
 * scratch of dead runs and what is left of removed ones. A forge at work on the root is left alone.
 * @throws MergeError, HalfWrittenError (5)
 */
export async function recover(root: string, note: (text: string) => void): Promise<void> {
  await sweep(note);
  await settleRemovals(root);
  if (!mayBeMerging(root) || rootLockHolder(root) !== undefined) return;
  await finishUnderLock(root, note);
}

/** Finishes an interrupted merge, unless another forge has just taken the root's lock. */
async function finishUnderLock(root: string, note: (text: string) => void, how?: RecoverHow): Promise<void> {
  trustToRead(root);
  const release = lockRoot(root, { doing: 'finishing an interrupted merge' }, () => undefined);
  try {
    if (release !== undefined) await finishInterruptedMerge(root, note, how);
  } finally {
    release?.();
  }
}

/**
 * Ends and removes what dead forges left outside their roots: processes that no namespace ended, workspaces, scratch of
 * attempts. What can't be removed is told, and keeps no command from its work.
 */
export async function sweep(note: (text: string) => void): Promise<void> {
  const scratch = async () => {
    const { left } = await sweepScratch();
    for (const dir of left)
      note(`left ${dir} alone: it does not say which forge made it; remove it if no forge is running`);
  };
  for (const step of [scratch, sweepTemporary])
    await step().catch((error: Error) =>
      note(`could not remove what an interrupted run left: ${error.message}`),
    );
}

/** Finishes an interrupted merge for a caller that holds the root's lock. The run's journal learns that it is merged. */
export async function finishInterruptedMerge(
  root: string,
  note: (text: string) => void,
  how: RecoverHow = 'finish or undo',
): Promise<void> {
  const recovered = await recoverMerge(root, {
    how,
    record: (run, merged) => recordMerge(new RunFolder(root, run), merged, note),
  });
  if (!recovered) return;
  const { run, paths, outcome } = recovered;
  if (outcome === 'undone') {
    note(
      `the merge of run ${run} was interrupted before it touched the tree; \`forge merge ${run}\` does it again`,
    );
    return;
  }
  note(`the merge of run ${run} was interrupted; finished it now (${count(paths.length, 'path')})`);
  for (const each of notesOf(recovered)) note(each);
}

/** What a finished merge has to tell beside its paths. */
function notesOf({ displaced, refused }: Pick<Merged, 'displaced' | 'refused'>): string[] {
  const kept = displaced.map(({ path, kept }) => `${path} was changed meanwhile; that version is in ${kept}`);
  return refused === undefined ? kept : [...kept, refused];
}

async function recordMerge(folder: RunFolder, merged: Merged, note: (text: string) => void): Promise<void> {
  if (!existsSync(folder.journal)) return;
  const run = replayUnlessDamaged(folder.journal);
  if (run instanceof JournalDamagedError) {
    // The tree must not stay half merged because of a broken record.
    note(`that run ${folder.id} is merged could not be recorded: ${run.message}`);
    return;
  }
  const journal = new Journal(folder.journal, folder.id, run.lastSeq);
  if (!isMerged(run)) {
    const { paths, displaced } = merged;
    const notes = notesOf(merged);
    journal.append({
      type: 'merge.finished',
      state: 'merged',
      paths,
      reason: 'finished by a later forge command',
      notes: notes.length > 0 ? notes : undefined,
      displaced: displaced.length > 0 ? displaced.map((each) => each.kept) : undefined,
    });
  }
  if (run.finished?.exitCode !== ExitCode.ok)
    journal.append({ type: 'run.finished', exitCode: ExitCode.ok, ms: 0 });
  await journal.close();
}
