import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { invalid, messageOf } from '../../util/errors.js';
import { quoteForShell } from '../../util/text/quote-for-shell.js';
import type { AttemptContext, Ownership } from '../adapter.js';
import { WRITING_TOOLS } from './tools.js';

/** What the hooks of one attempt need to know, as JSON in its scratch folder. */
export interface HookTask {
  id: string;
  /** Where the agent sees the tree, absolute. */
  workspace: string;
  owns: readonly string[];
  others: readonly Ownership[];
  caseInsensitive: boolean;
  verify?: string;
  /** How long `verify` may take, in milliseconds. */
  verifyTimeoutMs: number;
  /** The attempt's own folder, for what the hooks remember. */
  scratch: string;
}

/** Where droid is told of settings for one process; what it names adds to the user's and the project's settings. */
export const SETTINGS_VARIABLE = 'FACTORY_RUNTIME_SETTINGS_PATH';

/** Longest time the Stop hook lets `verify` run. forge runs it again, limited only by the task's timeout. */
const LONGEST_VERIFY_MS = 10 * 60_000;
/** What droid gives a hook beyond the time that the hook gives itself. Its own default is 60 s in all. */
const SPARE_SECONDS = 30;

type Settings = Record<string, unknown> & { hooks?: Record<string, unknown[]> };

/**
 * Writes the settings of one attempt's droid into its scratch folder: those that the user set for the process (custom
 * models, for instance) and forge's hooks beside the user's. Gives the file.
 * @throws ForgeError (2) when the user's file is not readable JSON
 */
export async function writeDroidSettings(context: AttemptContext): Promise<string> {
  const { task, workspacePath: workspace, others, caseInsensitive, scratch } = context;
  const { id, verify } = task;
  const settings = await readUserSettings(context.env[SETTINGS_VARIABLE], context.root);
  const verifyTimeoutMs = Math.min(task.timeout, LONGEST_VERIFY_MS);
  const owns = task.owns.map((pattern) => pattern.text);
  const told: HookTask = { id, workspace, owns, others, caseInsensitive, verify, verifyTimeoutMs, scratch };
  const hookFile = join(scratch, 'hook.json');
  await writeFile(hookFile, JSON.stringify(told));
  const command = hookCommand(hookFile);
  const hook = (timeout: number) => ({ hooks: [{ type: 'command', command, timeout }] });
  const hooks = { ...settings.hooks };
  const guard = { matcher: WRITING_TOOLS.join('|'), ...hook(SPARE_SECONDS) };
  hooks.PreToolUse = [...(hooks.PreToolUse ?? []), guard];
  if (verify !== undefined)
    hooks.Stop = [...(hooks.Stop ?? []), hook(Math.ceil(verifyTimeoutMs / 1000) + SPARE_SECONDS)];
  const file = join(scratch, 'settings.json');
  // The user's settings may hold API keys.
  await writeFile(file, JSON.stringify({ ...settings, hooks }), { mode: 0o600 });
  return file;
}

/** What is in the settings file that the user named for droid; nothing where none is named. @throws ForgeError (2) that names a file it cannot use */
export async function readUserSettings(path: string | undefined, root: string): Promise<Settings> {
  if (path === undefined || path === '') return {};
  const file = resolve(root, path);
  try {
    const settings: unknown = JSON.parse(await readFile(file, 'utf8'));
    if (typeof settings === 'object' && settings !== null && !Array.isArray(settings))
      return settings as Settings;
    throw new Error('it must hold one JSON object');
  } catch (error) {
    throw invalid(`${SETTINGS_VARIABLE} names ${file}: ${messageOf(error)}`);
  }
}

/** The shell command for droid's hooks, which are a program beside the bundle, also when forge runs from source (tests). */
function hookCommand(hookFile: string): string {
  const isSource = import.meta.url.endsWith('.ts');
  const program = new URL(isSource ? '../../../dist/cli/hook.js' : './hook.js', import.meta.url);
  return [process.execPath, fileURLToPath(program), hookFile].map(quoteForShell).join(' ');
}
