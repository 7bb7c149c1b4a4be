import { initProject, removeFromProject } from '../../init/index.js';
import { ExitCode, invalid } from '../../util/errors.js';
import { resolveRoot } from '../../util/git/project-root.js';
import { type CommandSpec, command, type Flag } from '../command-line.js';
import { openDialog } from '../terminal/dialog.js';

const spec = {
  name: 'init',
  usage: '',
  words: 0,
  summary: `Sets a project up: looks at its languages, frameworks and commands, writes a starter forge.plan.yaml with gates, and
installs slash commands and personas for droid into .factory/. It acts on the nearest folder at or above this one that
is a git repository, else on this one. A file that was changed is never overwritten without asking; where nobody can be asked,
it is kept and named. Doing it twice changes nothing.`,
  flags: {
    'dry-run': { short: 'n', help: 'show what would be done and do nothing' },
    remove: { help: 'take away what forge init has put here; files that were changed stay' },
    yes: { short: 'y', help: 'ask nothing: keep files that were changed' },
    force: { help: 'ask nothing: overwrite files that were changed (with --remove: remove them too)' },
  },
} as const satisfies CommandSpec<Record<string, Flag>>;

/** `forge init`: exit code 0 when it is done, 4 when it was left at a question with nothing changed. */
export const run = command(spec, async (flags) => {
  if (flags.file !== undefined)
    throw invalid('forge init always writes forge.plan.yaml in the root; there is no -f here');
  const root = resolveRoot(`${process.cwd()}/forge.plan.yaml`, undefined);
  const options = { dryRun: flags['dry-run'], force: flags.force, yes: flags.yes };
  const dialog = openDialog(flags);
  if (!flags.remove) return await initProject(root, options, dialog);
  await removeFromProject(root, options, dialog);
  return ExitCode.ok;
});
