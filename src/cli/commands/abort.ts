import { abortRun, findRun } from '../../run/index.js';
import { toJsonText } from '../../util/text/sanitize.js';
import { type CommandSpec, command, type Flag } from '../command-line.js';
import { rootOf } from '../root-of.js';

const spec = {
  name: 'abort',
  usage: '[run]',
  words: 1,
  summary: `Stops a run (default: the latest) that is under way, as its Ctrl-C would, or gives up one that waits for its merge.
What its tasks made is kept until \`forge clean\`.`,
  flags: {},
} as const satisfies CommandSpec<Record<string, Flag>>;

/** `forge abort`. */
export const run = command(spec, async (flags, words) => {
  const folder = findRun(await rootOf(flags, 'acts'), words[0]);
  const did = await abortRun(folder);
  if (flags.json) process.stdout.write(`${toJsonText({ run: folder.id, did })}\n`);
  else if (did === 'stopped')
    process.stdout.write(
      `run ${folder.id} was told to stop; \`forge resume ${folder.id}\` goes on with it\n`,
    );
  else
    process.stdout.write(
      `gave up run ${folder.id}; its work is kept until \`forge clean\` (\`forge diff ${folder.id}\` shows it)\n`,
    );
});
