import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ExitCode } from '../exit-code.js';
import { dropTornLine, Journal, readJournal } from '../journal/index.js';
import { recoverMerge } from '../merge/index.js';
import { sweepScratch } from '../workspace/index.js';
import { progressOf } from './open-run.js';
import { lockRoot, rootLockHolder } from './root-lock.js';
import { RunFolder } from './run-folder.js';

/**
 * What every command that has a root does first: finishes a merge that a dead forge left half-way, and removes the
 * scratch of dead runs. Quick when there is nothing. A living forge at work on the root is left alone.
 */
export async function recover(root: string, note: (text: string) => void): Promise<void> {
  await sweepScratch();
  if (!existsSync(join(root, '.forge', 'merging')) || rootLockHolder(root)) return;
  const release = lockRoot(root, 'finishing an interrupted merge');
  try {
    await finishInterruptedMerge(root, note);
  } finally {
    release();
  }
}

/** The same for a caller that holds the root's lock. The run's journal learns that it is merged. */
export async function finishInterruptedMerge(root: string, note: (text: string) => void): Promise<void> {
  const recovered = await recoverMerge(root);
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
  await recordMerge(new RunFolder(root, run), paths);
}

async function recordMerge(folder: RunFolder, paths: string[]): Promise<void> {
  if (!existsSync(folder.journal)) return;
  dropTornLine(folder.journal);
  const { lastSeq } = progressOf(readJournal(folder.journal));
  const journal = new Journal(folder.journal, folder.id, lastSeq);
  journal.append({
    type: 'merge.finished',
    state: 'merged',
    paths,
    reason: 'finished by a later forge command',
  });
  journal.append({ type: 'run.finished', exitCode: ExitCode.ok, ms: 0 });
  await journal.close();
}
