import { readJournal } from '../../journal/index.js';
import { findRun, listRuns, runDiff } from '../../run/index.js';
import { ExitCode } from '../../util/errors/exit-code.js';
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

/** `forge diff`. Takes the words after it; gives the exit code. */
export const run = command(spec, async (flags, words) => {
  const root = await rootOf(flags, 'looks');
  const [first, second] = words;
  // One word may be both: a short task name is how the id of some run begins or ends.
  const isRun =
    first !== undefined &&
    (second !== undefined ||
      listRuns(root).includes(first) ||
      (isPartOfRunId(root, first) && !isTask(root, first)));
  const folder = findRun(root, isRun ? first : undefined);
  const text = await runDiff(folder, isRun ? second : first, colorWanted(flags, process.stdout));
  process.stdout.write(text);
  return ExitCode.ok;
});

function isTask(root: string, word: string): boolean {
  for (const event of readJournal(findRun(root, undefined).journal))
    if (event.type === 'run.started' && event.tasks.some(({ id }) => id === word)) return true;
  return false;
}

function isPartOfRunId(root: string, word: string): boolean {
  return listRuns(root).some((id) => id.startsWith(word) || id.endsWith(word));
}
