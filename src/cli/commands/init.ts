import {
  describeLanguages,
  designSetup,
  type FileAction,
  install,
  planInstallation,
  planRemoval,
  type Removal,
  remove,
  type Setup,
} from '../../init/index.js';
import { resolveRoot } from '../../plan/index.js';
import { ExitCode } from '../../util/errors/exit-code.js';
import { ForgeError } from '../../util/errors/forge-error.js';
import { toJsonText } from '../../util/text/json-text.js';
import { sanitize } from '../../util/text/sanitize.js';
import { type CommandSpec, command, type Flag, type Values } from '../command-line.js';
import { askAboutFiles } from '../terminal/ask-about-files.js';
import { complain } from '../terminal/complain.js';

const FLAGS = {
  'dry-run': { short: 'n', help: 'show what would be done and do nothing' },
  remove: { help: 'take away what forge init has put here; files that were changed stay' },
  yes: { short: 'y', help: 'ask nothing: keep files that were changed' },
  force: { help: 'ask nothing: overwrite files that were changed (with --remove: remove them too)' },
} as const satisfies Record<string, Flag>;

const spec = {
  name: 'init',
  usage: '',
  words: 0,
  summary: `Sets a project up: looks at its languages, frameworks and commands, writes a starter forge.plan.yaml with gates, and
installs slash commands and personas for droid into .factory/. It acts on the nearest folder at or above this one that
is a git repository, else on this one. A file that was changed is never overwritten without asking; where nobody can be asked,
it is kept and named. Doing it twice changes nothing.`,
  flags: FLAGS,
} as const satisfies CommandSpec<Record<string, Flag>>;

type Flags = Values<typeof FLAGS & { file: { value: string; help: string }; quiet: Flag; json: Flag }>;

/** `forge init`. Takes the words after it; gives the exit code (0 done, 4 left at a question with nothing changed). */
export const run = command(spec, async (flags) => {
  if (flags.file !== undefined)
    throw new ForgeError(
      'forge init always writes forge.plan.yaml in the root; there is no -f here',
      ExitCode.invalid,
    );
  const root = resolveRoot(`${process.cwd()}/forge.plan.yaml`, undefined);
  return flags.remove ? await removeFrom(root, flags) : await installInto(root, flags);
});

async function installInto(root: string, flags: Flags): Promise<number> {
  const setup = await designSetup(root);
  const installation = await planInstallation(root, setup.files);
  const mayAsk =
    process.stdin.isTTY && process.stdout.isTTY && !flags.json && !flags.yes && !flags['dry-run'];
  if (flags.force) decide(installation.actions, () => true);
  else if (mayAsk) {
    const changed = installation.actions.filter(({ action }) => action === 'changed').map(({ path }) => path);
    const answers = await askAboutFiles(changed);
    if (typeof answers === 'string') {
      complain('nothing was changed');
      return ExitCode[answers];
    }
    decide(installation.actions, (path) => answers.has(path));
  }
  if (!flags['dry-run']) await install(installation);
  if (flags.json) process.stdout.write(`${toJsonText(asJson(root, setup, installation.actions, flags))}\n`);
  else showInstallation(root, setup, installation.actions, flags);
  return ExitCode.ok;
}

function decide(actions: FileAction[], overwrite: (path: string) => boolean): void {
  for (const action of actions)
    if (action.action === 'changed') action.action = overwrite(action.path) ? 'overwrite' : 'keep';
}

function showInstallation(root: string, setup: Setup, actions: readonly FileAction[], flags: Flags): void {
  const out = (text: string) => flags.quiet || process.stdout.write(`${sanitize(text)}\n`);
  for (const note of setup.notes) complain(sanitize(note));
  out(`${root}: ${describeLanguages(setup.survey.packages) || 'no code was found yet'}`);
  for (const { name, run: line, from } of setup.gates) out(`  gate ${name}: ${line}  (${from})`);
  if (setup.gates.length === 0)
    out('  no test, lint or build command was found: add gates to forge.plan.yaml');
  for (const { path, action, reason } of actions) {
    if (action === 'unchanged') continue;
    if (action === 'changed' || action === 'keep') {
      const why = reason ?? 'it was changed, or is not from forge; --force overwrites it';
      complain(`kept ${sanitize(path)}: ${why}`);
    } else out(`  ${SAY[action][flags['dry-run'] ? 'would' : 'did']} ${path}`);
  }
  if (actions.every(({ action }) => action === 'unchanged'))
    out('  everything is there already: nothing to do');
  else if (flags['dry-run']) out('nothing was written (--dry-run)');
  else
    out(
      'Next: look at forge.plan.yaml, then `forge check`; in droid: /forge-parallel "what to build", /forge-guide',
    );
}

const SAY = {
  create: { would: 'would create   ', did: 'created    ' },
  update: { would: 'would update   ', did: 'updated    ' },
  overwrite: { would: 'would overwrite', did: 'overwritten' },
} as const;

function asJson(
  root: string,
  { survey, gates, notes }: Setup,
  actions: readonly FileAction[],
  flags: Flags,
): object {
  return {
    root,
    dryRun: flags['dry-run'],
    packages: survey.packages.map(({ dir, ecosystem, language, manager, frameworks }) => ({
      dir: dir === '' ? '.' : dir,
      ecosystem,
      language,
      ...(manager === undefined ? {} : { manager }),
      frameworks,
    })),
    gates,
    notes,
    files: actions.map(({ path, action, reason }) => ({
      path,
      action: action === 'changed' ? 'keep' : action,
      ...(action === 'changed' ? { reason: 'changed' } : reason === undefined ? {} : { reason }),
    })),
  };
}

async function removeFrom(root: string, flags: Flags): Promise<number> {
  const plan = await planRemoval(root, flags.force);
  if (!flags['dry-run']) await remove(plan);
  const files = plan.files ?? [];
  if (flags.json) {
    process.stdout.write(`${toJsonText({ root, dryRun: flags['dry-run'], files })}\n`);
    return ExitCode.ok;
  }
  const out = (text: string) => flags.quiet || process.stdout.write(`${sanitize(text)}\n`);
  if (plan.files === undefined) out(`${root}: forge init has put nothing here`);
  for (const file of files) showRemoval(file, flags, out);
  if (flags['dry-run']) out('nothing was removed (--dry-run)');
  return ExitCode.ok;
}

function showRemoval({ path, action, reason }: Removal, flags: Flags, out: (text: string) => void): void {
  if (action === 'keep') complain(`kept ${sanitize(path)}: ${reason}; --force removes it`);
  else if (action === 'remove') out(`  ${flags['dry-run'] ? 'would remove' : 'removed'} ${path}`);
}
