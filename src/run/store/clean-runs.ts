import { existsSync } from 'node:fs';
import { isGivenUp, isMerged, JournalDamagedError, replayUnlessDamaged } from '../../journal/index.js';
import { mayBeMerging } from '../../util/files/merge-record.js';
import { hasForgeFolder } from './forge-folder.js';
import { removeRun } from './remove-run.js';
import { lockRoot, mayBeAtWorkOn } from './root-lock.js';
import { findRun, listRuns, RunFolder, unbornRuns } from './run-folder.js';

/**
 * `forge clean`: removes the runs of a root (which the caller trusts) that are over and keep no versions of the user's; the
 * `named` ones, or `all`, whatever their state, but never one that is under way. `told` hears of every run that was looked
 * at; `kept` says why it was not removed.
 */
export async function cleanRuns(
  root: string,
  { named, all }: { named: readonly string[]; all: boolean },
  told: (run: string, kept: string | undefined) => void,
): Promise<void> {
  if (!hasForgeFolder(root)) return;
  const chosen =
    named.length > 0
      ? named.map((word) => findRun(root, word))
      : listRuns(root).map((id) => new RunFolder(root, id));
  // With the lock nobody can start or resume a run meanwhile; without it (a run is under way) all but that run may be cleaned.
  const release = lockRoot(root, { doing: 'clean' }, () => undefined);
  const isNeeded = (folder: RunFolder) =>
    release === undefined ? mayBeAtWorkOn(root, folder.id) : mayBeMerging(root);
  try {
    for (const folder of chosen) {
      if (!existsSync(folder.journal)) continue;
      const why = isNeeded(folder) ? UNDER_WAY : whyKept(folder);
      const isWanted = why === undefined || (why !== UNDER_WAY && (all || named.length > 0));
      const isRemoved = isWanted && (await removeRun(folder, () => isNeeded(folder)));
      told(folder.id, isRemoved ? undefined : isWanted ? UNDER_WAY : why);
    }
    // Who holds the lock knows that nobody is starting one of these.
    if (release !== undefined && named.length === 0)
      for (const id of unbornRuns(root)) await removeRun(new RunFolder(root, id));
  } finally {
    release?.();
  }
}

const UNDER_WAY = 'is under way, or its merge is';

/** Why a run is not over; undefined when it is. */
function whyKept(folder: RunFolder): string | undefined {
  const run = replayUnlessDamaged(folder.journal);
  if (run instanceof JournalDamagedError)
    return `line ${run.line} of its journal is damaged (name it, or --all)`;
  if (run.merge?.displaced?.length)
    return 'holds versions of yours that were saved while it merged (name it, or --all)';
  return isMerged(run) || isGivenUp(run) ? undefined : 'could still go on (name it, or --all)';
}
