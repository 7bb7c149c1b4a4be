import { findRun, printLogs } from '../../run/index.js';
import { invalid } from '../../util/errors.js';
import { type CommandSpec, command, type Flag } from '../command-line.js';
import { rootOf } from '../root-of.js';
import { complain } from '../terminal/terminal.js';

const spec = {
  name: 'logs',
  usage: '<task or gate> [run]',
  words: 2,
  summary: `Prints what a task or gate of a run (default: the latest) has printed, byte for byte: its last attempt, or all of
them one after another.`,
  flags: { all: { help: 'every attempt, not only the last' } },
} as const satisfies CommandSpec<Record<string, Flag>>;

/** `forge logs`. */
export const run = command(spec, async (flags, [name, wanted]) => {
  if (name === undefined) throw invalid('name a task: `forge logs <task>`');
  const folder = findRun(await rootOf(flags, 'looks'), wanted);
  await printLogs(folder, name, { all: flags.all, out: process.stdout, note: complain });
});
