import { findRun, resumeRun } from '../../run/index.js';
import { type CommandSpec, command, type Flag } from '../command-line.js';
import { rootOf } from '../root-of.js';
import { parseBackend, parseJobs, RUN_FLAGS } from '../run-flags.js';
import { runSession } from '../run-session.js';

const spec = {
  name: 'resume',
  usage: '[run]',
  words: 1,
  summary: `Goes on with a run (default: the latest) that was interrupted or failed: tasks that succeeded are not run again, the
others are, then come integration, gates and merge.`,
  flags: { ...RUN_FLAGS, 'always-make': { short: 'B', help: 'run every task again' } },
} as const satisfies CommandSpec<Record<string, Flag>>;

/** `forge resume`. */
export const run = command(spec, async (flags, words) => {
  const changes = {
    jobs: parseJobs(flags.jobs),
    backend: parseBackend(flags.backend),
    keepGoing: flags['keep-going'],
    redo: flags['always-make'],
  };
  const root = await rootOf(flags, 'acts');
  const folder = findRun(root, words[0]);
  return runSession(root, flags, { folder }, (hooks) => resumeRun(folder, changes, hooks));
});
