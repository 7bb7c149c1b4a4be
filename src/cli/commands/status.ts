import { replayRun } from '../../journal/index.js';
import { renderStatus, statusToJson } from '../../report/index.js';
import { findRun, isUnderWay } from '../../run/index.js';
import { toJsonText } from '../../util/text/sanitize.js';
import { supportsUnicode } from '../../util/text/terminal-abilities.js';
import { type CommandSpec, command, type Flag } from '../command-line.js';
import { rootOf } from '../root-of.js';
import { colorWanted } from '../terminal/terminal.js';

const spec = {
  name: 'status',
  usage: '[run]',
  words: 1,
  summary: 'Shows the state of a run (default: the latest): its tasks, its gates, its merge.',
  flags: {},
} as const satisfies CommandSpec<Record<string, Flag>>;

/** `forge status`. */
export const run = command(spec, async (flags, words) => {
  const root = await rootOf(flags, 'looks');
  const folder = findRun(root, words[0]);
  const view = replayRun(folder.journal);
  // Killed between making its journal and writing to it.
  view.run ||= folder.id;
  const alive = isUnderWay(root, folder.id);
  const options = {
    color: colorWanted(flags, process.stdout),
    unicode: supportsUnicode(process.env),
    alive,
    now: alive ? Date.now() : undefined,
    columns: process.stdout.columns,
  };
  process.stdout.write(
    flags.json ? `${toJsonText(statusToJson(view, options))}\n` : renderStatus(view, options),
  );
});
