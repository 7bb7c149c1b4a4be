import { cleanRuns } from '../../run/index.js';
import { type CommandSpec, command, type Flag } from '../command-line.js';
import { rootOf } from '../root-of.js';

const spec = {
  name: 'clean',
  usage: '[run...]',
  summary: `Removes the runs that are over (merged or given up) with everything they kept, but not one that keeps versions of yours
that were saved while it merged. Named runs go whatever their state, but never one that is under way. Work that waits for \`forge merge\` or \`forge resume\` stays unless you name it or say --all.`,
  flags: { all: { help: 'also runs that could still be resumed or merged, or hold versions of yours' } },
} as const satisfies CommandSpec<Record<string, Flag>>;

/** `forge clean`. */
export const run = command(spec, async (flags, words) => {
  const root = await rootOf(flags, 'acts');
  await cleanRuns(root, { named: words, all: flags.all }, (id, kept) => {
    if (!flags.quiet)
      process.stdout.write(kept === undefined ? `removed ${id}\n` : `kept    ${id}: ${kept}\n`);
  });
});
