import { existsSync } from 'node:fs';
import { JournalDamagedError, readJournal, unlessDamaged } from '../../journal/index.js';
import {
  findRun,
  hasForgeFolder,
  listRuns,
  lockRootIfFree,
  mayBeAtWorkOn,
  progressOf,
  RunFolder,
  removeRun,
  unbornRuns,
} from '../../run/index.js';
import { mayBeMerging } from '../../util/async/merging.js';
import { ExitCode } from '../../util/errors/exit-code.js';
import { type CommandSpec, command, type Flag } from '../command-line.js';
import { rootOf } from '../root-of.js';

const spec = {
  name: 'clean',
  usage: '[run...]',
  summary: `Removes the runs that are over (merged or given up) with everything they kept, but not one that keeps versions of yours
that were saved while it merged. Named runs go whatever their state, but never one that is under way. Work that waits for \`forge merge\` or \`forge resume\` stays unless you name it or say --all.`,
  flags: { all: { help: 'also runs that could still be resumed or merged, or hold versions of yours' } },
} as const satisfies CommandSpec<Record<string, Flag>>;

/** `forge clean`. Takes the words after it; gives the exit code. */
export const run = command(spec, async (flags, words) => {
  const root = await rootOf(flags, 'acts');
  if (!hasForgeFolder(root)) return ExitCode.ok;
  const chosen =
    words.length > 0
      ? words.map((word) => findRun(root, word))
      : listRuns(root).map((id) => new RunFolder(root, id));
  // With the lock nobody can start or resume a run meanwhile; without it (a run is under way) all but that run may be cleaned.
  const release = lockRootIfFree(root, { doing: 'clean' });
  const isNeeded = (folder: RunFolder) =>
    release === undefined ? mayBeAtWorkOn(root, folder.id) : mayBeMerging(root);
  try {
    for (const folder of chosen) {
      if (!existsSync(folder.journal)) continue;
      const why = isNeeded(folder) ? UNDER_WAY : whyKept(folder);
      const isWanted = why === undefined || (why !== UNDER_WAY && (flags.all || words.length > 0));
      const isRemoved = isWanted && (await removeRun(folder, () => isNeeded(folder)));
      if (!flags.quiet)
        process.stdout.write(
          isRemoved ? `removed ${folder.id}\n` : `kept    ${folder.id}: ${isWanted ? UNDER_WAY : why}\n`,
        );
    }
    // Who holds the lock knows that nobody is starting one of these.
    if (release !== undefined && words.length === 0)
      for (const id of unbornRuns(root)) await removeRun(new RunFolder(root, id));
  } finally {
    release?.();
  }
  return ExitCode.ok;
});

const UNDER_WAY = 'is under way, or its merge is';

/** Why a run is not over; undefined when it is. */
function whyKept(folder: RunFolder): string | undefined {
  const progress = unlessDamaged(() => progressOf(readJournal(folder.journal)));
  if (progress instanceof JournalDamagedError) {
    return `line ${progress.line} of its journal is damaged (name it, or --all)`;
  }
  if (progress.displaced)
    return 'holds versions of yours that were saved while it merged (name it, or --all)';
  return progress.merged || progress.abandoned ? undefined : 'could still go on (name it, or --all)';
}
