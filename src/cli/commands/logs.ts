import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { readJournal } from '../../journal/index.js';
import { findRun, openRunFile, type RunFolder } from '../../run/index.js';
import { ExitCode } from '../../util/errors/exit-code.js';
import { ForgeError } from '../../util/errors/forge-error.js';
import { codeOf } from '../../util/errors/system-error.js';
import { isReaderGone } from '../../util/process/reader-gone.js';
import { nearestName } from '../../util/text/nearest-name.js';
import { type CommandSpec, command, type Flag } from '../command-line.js';
import { rootOf } from '../root-of.js';
import { complain } from '../terminal/complain.js';

const spec = {
  name: 'logs',
  usage: '<task or gate> [run]',
  words: 2,
  summary: `Prints what a task or gate of a run (default: the latest) has printed, byte for byte: its last attempt, or all of
them one after another.`,
  flags: { all: { help: 'every attempt, not only the last' } },
} as const satisfies CommandSpec<Record<string, Flag>>;

/** `forge logs`. Takes the words after it; gives the exit code. */
export const run = command(spec, async (flags, words) => {
  const [name, wanted] = words;
  if (name === undefined) throw new ForgeError('name a task: `forge logs <task>`', ExitCode.invalid);
  const folder = findRun(await rootOf(flags, 'looks'), wanted);
  const logs = new Map<string, string[]>();
  const known = new Set<string>();
  for (const event of readJournal(folder.journal)) {
    if (event.type === 'run.started') for (const { id } of event.tasks) known.add(id);
    if (event.type === 'attempt.started') logs.set(event.task, [...(logs.get(event.task) ?? []), event.log]);
    if (event.type === 'gate.started') logs.set(event.name, [event.log]);
  }
  const files = logs.get(name);
  if (!files)
    throw new ForgeError(nothingFrom(name, folder.id, [...known, ...logs.keys()]), ExitCode.invalid);
  for (const file of new Set(flags.all ? files : files.slice(-1))) {
    try {
      await show(folder, file);
    } catch (error) {
      // `forge logs a | head -1`
      if (isReaderGone(error)) break;
      throw error;
    }
  }
  return ExitCode.ok;
});

/** Prints a log; one that is not there yet is nothing to print, and one that is no file of the run is named instead. */
async function show(folder: RunFolder, log: string): Promise<void> {
  let file: number | undefined;
  try {
    file = openRunFile(folder, log);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  if (file === undefined) complain(`skipped ${log}: it is not a file of this run (${folder.dir})`);
  // A descriptor takes the place of the path.
  else await pipeline(createReadStream('', { fd: file }), process.stdout, { end: false });
}

function nothingFrom(name: string, run: string, known: readonly string[]): string {
  if (known.includes(name)) return `${name} has not started in run ${run}`;
  const meant = nearestName(name, known);
  return `run ${run} has no task or gate ${name}${meant ? `; did you mean ${meant}?` : ''}`;
}
