import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Task } from '../../plan/index.js';
import type { Command } from '../../workspace/index.js';
import type { Adapter, AttemptContext, Question } from '../adapter.js';
import { type Persona, readPersona } from '../persona.js';
import { agentProgram, checkTasks, failuresOf, unknownSettings } from '../preflight.js';
import { readUserSettings, SETTINGS_VARIABLE, writeDroidSettings } from './settings.js';
import { DroidStreamReader } from './stream.js';
import { toolFlags } from './tools.js';

type Setting = Task['settings'][string] | undefined;

const INSTALL = 'npm i -g droid';
/** Settings under `agents: { droid: … }`. */
const SETTINGS = ['model', 'auto', 'reasoning', 'command'];
/** droid's autonomy levels that let it change files. */
const LEVELS = ['low', 'medium', 'high'];

/** Factory's `droid exec` (NOTES-droid). */
export const droid: Adapter = {
  name: 'droid',
  takesPrompt: true,
  normaliseNewFileModes: true,
  preflight: (tasks, root, env) =>
    checkTasks(tasks, (task) => problemsOf(task, root, { ...env, ...task.env })),
  prepare,
  prepareQuestion,
  reader: () => new DroidStreamReader(),
};

async function problemsOf(
  { settings, persona }: Task,
  root: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string[]> {
  const problems = unknownSettings('droid', settings, SETTINGS);
  if (settings.auto !== undefined && !LEVELS.includes(String(settings.auto)))
    problems.push(`agents.droid.auto is '${settings.auto}'; it must be one of ${LEVELS.join(', ')}`);
  const checks = [
    findDroid(settings.command, root, env.PATH),
    readUserSettings(env[SETTINGS_VARIABLE], root),
    personaOf(persona, root),
  ];
  return [...problems, ...(await failuresOf(checks))];
}

async function findDroid(command: Setting, root: string, path: string | undefined): Promise<string> {
  return agentProgram('droid', INSTALL, { command, root, path });
}

async function personaOf(name: string | undefined, root: string): Promise<Persona | undefined> {
  return name === undefined ? undefined : await readPersona(name, root);
}

async function prepare(context: AttemptContext): Promise<Command> {
  const { task, root, scratch, env } = context;
  const { settings } = task;
  const [program, settingsFile, persona, prompt] = await Promise.all([
    findDroid(settings.command, root, env.PATH),
    writeDroidSettings(context),
    personaOf(task.persona, root),
    promptFlags(context.prompt, context.workspacePath, scratch),
  ]);
  const who = await whoFlags(persona, persona?.model ?? settings.model, settings.reasoning, scratch);
  const auto = String(settings.auto ?? 'medium');
  const flags = ['--auto', auto, '-o', 'stream-json', ...who, ...toolFlags(persona?.tools)];
  return { argv: [program, 'exec', ...flags, ...prompt], env: { ...env, [SETTINGS_VARIABLE]: settingsFile } };
}

/** Without `--auto`, droid only reads. Commands are kept from it too: the first that it may not run ends it. */
async function prepareQuestion({
  prompt,
  persona: name,
  model,
  root,
  scratch,
  env,
}: Question): Promise<Command> {
  const [program, persona, promptAndPlace] = await Promise.all([
    findDroid(undefined, root, env.PATH),
    personaOf(name, root),
    promptFlags(prompt, root, scratch),
  ]);
  const who = await whoFlags(persona, model ?? persona?.model, undefined, scratch);
  const flags = ['-o', 'stream-json', ...who, ...toolFlags(['read-only'])];
  return { argv: [program, 'exec', ...flags, ...promptAndPlace], env };
}

/** Writes the prompt into a file, and gives the flags for it and for where droid works. */
async function promptFlags(prompt: string, cwd: string, scratch: string): Promise<string[]> {
  const file = join(scratch, 'prompt.md');
  await writeFile(file, prompt);
  return ['--cwd', cwd, '-f', file];
}

/** The flags for a model, its effort and what a persona is told. */
async function whoFlags(
  persona: Persona | undefined,
  model: Setting,
  effort: Setting,
  scratch: string,
): Promise<string[]> {
  const reasoning = persona?.reasoningEffort ?? effort;
  const flags: string[] = [];
  if (model !== undefined) flags.push('-m', String(model));
  if (reasoning !== undefined) flags.push('-r', String(reasoning));
  if (persona === undefined) return flags;
  const bodyFile = join(scratch, 'persona.md');
  await writeFile(bodyFile, persona.body);
  return [...flags, '--append-system-prompt-file', bodyFile];
}
