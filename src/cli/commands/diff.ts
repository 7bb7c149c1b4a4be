import { findRunAndTask, runDiff } from '../../run/index.js';
import { type CommandSpec, command, type Flag } from '../command-line.js';
import { rootOf } from '../root-of.js';
import { colorWanted } from '../terminal/terminal.js';

const spec = {
  name: 'diff',
  usage: '[run] [task]',
  words: 2,
  summary:
    'Prints what a run (default: the latest), or one of its tasks, changes against the start of the run.',
  flags: {},
} as const satisfies CommandSpec<Record<string, Flag>>;

/** `forge diff`. */
export const run = command(spec, async (flags, words) => {
  const { folder, task } = findRunAndTask(await rootOf(flags, 'looks'), words);
  process.stdout.write(await runDiff(folder, task, colorWanted(flags, process.stdout)));
});
