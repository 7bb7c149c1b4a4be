import { ExitCode } from '../util/errors.js';
import type { Dialog } from '../util/text/dialog.js';
import { type FileAction, type Installation, install, planInstallation } from './files/install.js';
import { removeInstalled } from './files/remove.js';
import { describeLanguages } from './plan/project-facts.js';
import { designSetup, type Setup } from './setup.js';

export interface InitOptions {
  /** Only tell what would be done. */
  dryRun: boolean;
  /** Overwrite (or remove) files that were changed. */
  force: boolean;
  /** Ask nothing: files that were changed are kept. */
  yes: boolean;
}

/**
 * Sets a project up. @returns 0, or what leaving the question about changed files comes to, with nothing changed
 * @throws ForgeError (1) when something cannot be written; then nothing was changed
 */
export async function initProject(root: string, options: InitOptions, dialog: Dialog): Promise<ExitCode> {
  const { dryRun, force, yes } = options;
  const setup = await designSetup(root);
  const installation = await planInstallation(root, setup.files);
  const { actions } = installation;
  const changed = actions.filter(({ action }) => action === 'changed');
  const paths = changed.map(({ path }) => path);
  const mayAsk = !force && !yes && !dryRun;
  const chosen = force ? new Set(paths) : mayAsk ? await dialog.chooseFiles?.(paths) : undefined;
  if (typeof chosen === 'string') {
    dialog.warn('nothing was changed');
    return ExitCode[chosen];
  }
  if (chosen) for (const action of changed) action.action = chosen.has(action.path) ? 'overwrite' : 'keep';
  if (!dryRun) await install(installation);
  dialog.tell(asJson(setup, installation, dryRun));
  describe(setup, installation, dryRun, dialog);
  return ExitCode.ok;
}

const WORDS = {
  create: { would: 'would create   ', did: 'created    ' },
  update: { would: 'would update   ', did: 'updated    ' },
  overwrite: { would: 'would overwrite', did: 'overwritten' },
} as const;

function describe(
  { survey, gates, notes }: Setup,
  { root, actions }: Installation,
  dryRun: boolean,
  { say, warn }: Dialog,
): void {
  for (const note of notes) warn(note);
  say(`${root}: ${describeLanguages(survey.packages) || 'no code was found yet'}`);
  for (const { name, run, from } of gates) say(`  gate ${name}: ${run}  (${from})`);
  if (gates.length === 0) say('  no test, lint or build command was found: add gates to forge.plan.yaml');
  for (const { path, action, reason } of actions) {
    if (action === 'unchanged') continue;
    if (action === 'changed' || action === 'keep')
      warn(`kept ${path}: ${reason ?? 'it was changed, or is not from forge; --force overwrites it'}`);
    else say(`  ${WORDS[action][dryRun ? 'would' : 'did']} ${path}`);
  }
  if (actions.every(({ action }) => action === 'unchanged'))
    say('  everything is there already: nothing to do');
  else if (dryRun) say('nothing was written (--dry-run)');
  else
    say(
      'Next: look at forge.plan.yaml, then `forge check`; in droid: /forge-parallel "what to build", /forge-guide',
    );
}

function asJson({ survey, gates, notes }: Setup, { root, actions }: Installation, dryRun: boolean): object {
  return {
    root,
    dryRun,
    packages: survey.packages.map(({ dir, ecosystem, language, manager, frameworks }) => ({
      dir: dir || '.',
      ecosystem,
      language,
      manager,
      frameworks,
    })),
    gates,
    notes,
    files: actions.map(({ path, action, reason }: FileAction) =>
      action === 'changed' ? { path, action: 'keep', reason: 'changed' } : { path, action, reason },
    ),
  };
}

/** Removes what `forge init` has put into a project. @throws ForgeError (1) when something cannot be removed */
export async function removeFromProject(
  root: string,
  { dryRun, force }: InitOptions,
  { say, warn, tell }: Dialog,
): Promise<void> {
  const files = await removeInstalled(root, { force, dryRun });
  tell({ root, dryRun, files: files ?? [] });
  if (files === undefined) say(`${root}: forge init has put nothing here`);
  for (const { path, action, reason } of files ?? []) {
    if (action === 'keep') warn(`kept ${path}: ${reason}; --force removes it`);
    else if (action === 'remove') say(`  ${dryRun ? 'would remove' : 'removed'} ${path}`);
  }
  if (dryRun) say('nothing was removed (--dry-run)');
}
