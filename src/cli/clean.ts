import { rm } from 'node:fs/promises';
import { ExitCode } from '../exit-code.js';
import { JournalDamagedError, readJournal, unlessDamaged } from '../journal/index.js';
import { findRun, listRuns, progressOf, RunFolder, rootLockHolder } from '../run/index.js';
import { type CommandSpec, command, type Flag } from './command-line.js';
import { rootOf } from './root-of.js';

const spec = {
  name: 'clean',
  usage: '[run...]',
  summary: `Removes the runs that are over (merged or given up) with everything they kept; named runs whatever their state, but
never one that is under way. Work that waits for \`forge merge\` or \`forge resume\` stays unless you name it or say --all.`,
  flags: { all: { help: 'also runs that could still be resumed or merged' } },
} as const satisfies CommandSpec<Record<string, Flag>>;

/** `forge clean`. Takes the words after it; gives the exit code. */
export const run = command(spec, async (flags, words) => {
  const root = await rootOf(flags);
  const holder = rootLockHolder(root)?.pid;
  const chosen =
    words.length > 0
      ? words.map((word) => findRun(root, word))
      : listRuns(root).map((id) => new RunFolder(root, id));
  for (const folder of chosen) {
    const why = whyKept(folder, holder);
    const wanted = why !== UNDER_WAY && (flags.all || words.length > 0);
    if (why !== undefined && !wanted) {
      if (!flags.quiet) process.stdout.write(`kept    ${folder.id}: ${why}\n`);
      continue;
    }
    await rm(folder.dir, { recursive: true, force: true });
    if (!flags.quiet) process.stdout.write(`removed ${folder.id}\n`);
  }
  return ExitCode.ok;
});

const UNDER_WAY = 'is under way';

/** Why a run is not over; undefined when it is. */
function whyKept(folder: RunFolder, holder: number | undefined): string | undefined {
  const progress = unlessDamaged(() => progressOf(readJournal(folder.journal)));
  if (progress instanceof JournalDamagedError) {
    return `line ${progress.line} of its journal is damaged (name it, or --all)`;
  }
  if (holder !== undefined && holder === progress.pid) return UNDER_WAY;
  return progress.merged || progress.abandoned ? undefined : 'could still go on (name it, or --all)';
}
