import { ExitCode } from '../exit-code.js';
import { readJournal } from '../journal/index.js';
import { foldEvents, outcomeOf, sanitize } from '../report/index.js';
import { listRuns, RunFolder, rootLockHolder } from '../run/index.js';
import { type CommandSpec, command, type Flag } from './command-line.js';
import { rootOf } from './root-of.js';

const spec = {
  name: 'ls',
  usage: '',
  words: 0,
  summary: 'Lists the runs that are kept, latest first.',
  flags: {},
} as const satisfies CommandSpec<Record<string, Flag>>;

/** `forge ls`. Takes the words after it; gives the exit code. */
export const run = command(spec, async (flags) => {
  const root = await rootOf(flags);
  const holder = rootLockHolder(root)?.pid;
  for (const id of listRuns(root).reverse()) {
    const view = foldEvents(readJournal(new RunFolder(root, id).journal));
    const { state } = outcomeOf(view, holder !== undefined && holder === view.pid);
    const tasks = view.tasks.size;
    if (flags.json) process.stdout.write(`${JSON.stringify({ run: id, name: view.name, state, tasks })}\n`);
    else
      process.stdout.write(
        `${id}  ${state.padEnd(12)}  ${tasks} ${tasks === 1 ? 'task' : 'tasks'}  ${sanitize(view.name)}\n`,
      );
  }
  return ExitCode.ok;
});
