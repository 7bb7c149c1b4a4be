import { findRun, type MergeTarget, mergeRun } from '../../run/index.js';
import { invalid } from '../../util/errors.js';
import { type CommandSpec, command, type Flag, type Values } from '../command-line.js';
import { rootOf } from '../root-of.js';
import { parseBackend, RUN_FLAGS } from '../run-flags.js';
import { runSession } from '../run-session.js';

const spec = {
  name: 'merge',
  usage: '[run]',
  words: 1,
  summary: `Merges a run (default: the latest) whose tasks have all succeeded but that was not merged: stopped by --no-merge,
declined, refused, or held up by a gate. Runs the gates first; does not ask.`,
  flags: {
    backend: RUN_FLAGS.backend,
    junit: RUN_FLAGS.junit,
    branch: { value: 'name', help: 'merge onto a new branch, one commit per task' },
    commit: { help: 'merge into the working tree and onto the current branch, one commit per task' },
    'no-commit': { help: 'merge into the working tree only, whatever the run was started with' },
  },
} as const satisfies CommandSpec<Record<string, Flag>>;

/** `forge merge`. */
export const run = command(spec, async (flags, words) => {
  const changes = { target: targetOf(flags), backend: parseBackend(flags.backend) };
  const root = await rootOf(flags, 'acts');
  const folder = findRun(root, words[0]);
  return runSession(root, { ...flags, yes: true, 'no-merge': false }, { folder }, (hooks) =>
    mergeRun(folder, changes, hooks),
  );
});

/** undefined = what the run was started with. @throws ForgeError (2) for more than one */
function targetOf(flags: Values<typeof spec.flags>): MergeTarget | undefined {
  const given = (['branch', 'commit', 'no-commit'] as const).filter((name) => flags[name]);
  if (given.length > 1)
    throw invalid(`${given.map((name) => `--${name}`).join(' and ')} contradict each other: choose one`);
  return given.length === 0 ? undefined : { branch: flags.branch, commit: flags.commit };
}
