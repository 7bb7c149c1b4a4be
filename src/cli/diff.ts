import { ExitCode } from '../exit-code.js';
import { findRun, listRuns, runDiff } from '../run/index.js';
import { type CommandSpec, command, type Flag } from './command-line.js';
import { rootOf } from './root-of.js';
import { colorWanted } from './terminal.js';

const spec = {
  name: 'diff',
  usage: '[run] [task]',
  words: 2,
  summary:
    'Prints what a run (default: the latest), or one of its tasks, changes against the start of the run.',
  flags: {},
} as const satisfies CommandSpec<Record<string, Flag>>;

/** `forge diff`. Takes the words after it; gives the exit code. */
export const run = command(spec, async (flags, words) => {
  const root = await rootOf(flags, 'looks');
  const [first, second] = words;
  // `forge diff backend` means the task of the latest run, unless a run is called so.
  const isRun =
    first !== undefined &&
    (second !== undefined || listRuns(root).some((id) => id.startsWith(first) || id.endsWith(first)));
  const folder = findRun(root, isRun ? first : undefined);
  const text = await runDiff(folder, isRun ? second : first, colorWanted(flags, process.stdout));
  process.stdout.write(text);
  return ExitCode.ok;
});
