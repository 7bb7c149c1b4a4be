import { JournalDamagedError, replayUnlessDamaged } from '../../journal/index.js';
import { outcomeOf } from '../../report/index.js';
import { isUnderWay, listRuns, RunFolder } from '../../run/index.js';
import { count } from '../../util/text/amounts.js';
import { sanitize, toJsonText } from '../../util/text/sanitize.js';
import { type CommandSpec, command, type Flag } from '../command-line.js';
import { rootOf } from '../root-of.js';

const spec = {
  name: 'ls',
  usage: '',
  words: 0,
  summary: 'Lists the runs that are kept, latest first.',
  flags: {},
} as const satisfies CommandSpec<Record<string, Flag>>;

/** `forge ls`. */
export const run = command(spec, async (flags) => {
  const root = await rootOf(flags, 'looks');
  for (const id of listRuns(root).reverse()) {
    const { name, state, tasks } = describe(new RunFolder(root, id));
    if (flags.json) process.stdout.write(`${toJsonText({ run: id, name, state, tasks })}\n`);
    else process.stdout.write(`${id}  ${state.padEnd(12)}  ${count(tasks, 'task')}  ${sanitize(name)}\n`);
  }
});

/** One run that can't be read must not hide the others. */
function describe(folder: RunFolder): { name: string; state: string; tasks: number } {
  const view = replayUnlessDamaged(folder.journal);
  if (view instanceof JournalDamagedError)
    return { name: `(line ${view.line} of its journal is damaged)`, state: 'damaged', tasks: 0 };
  const { state } = outcomeOf(view, isUnderWay(folder.root, folder.id));
  return { name: view.name, state, tasks: view.tasks.size };
}
