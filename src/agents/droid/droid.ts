import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Task } from '../../plan/index.js';
import type { Command } from '../../workspace/index.js';
import type { Adapter, AttemptContext, CommandContext, Question } from '../adapter.js';
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
  env: NodeJS.ProcessEnv,
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
  const { settings, persona } = context.task;
  const [settingsFile, command] = await Promise.all([
    writeDroidSettings(context),
    execCommand(context, context.workspacePath, settings, persona, (as) => ({
      mode: ['--auto', String(settings.auto ?? 'medium')],
      model: as?.model ?? settings.model,
      tools: as?.tools,
    })),
  ]);
  return { ...command, env: { ...context.env, [SETTINGS_VARIABLE]: settingsFile } };
}

/** Without `--auto`, droid only reads. Commands are kept from it too: the first that it may not run ends it. */
async function prepareQuestion(question: Question): Promise<Command> {
  return await execCommand(question, question.root, {}, question.persona, (as) => ({
    mode: [],
    model: question.model ?? as?.model,
    tools: ['read-only'],
  }));
}

/** `droid exec` in a folder; what it reads is written into `scratch`. `how` tells the rest when the persona is known. */
async function execCommand(
  { prompt, root, scratch, env }: CommandContext,
  cwd: string,
  settings: Task['settings'],
  personaName: string | undefined,
  how: (as?: Persona) => { mode: string[]; model: Setting; tools: readonly string[] | undefined },
): Promise<Command> {
  const [program, persona] = await Promise.all([
    findDroid(settings.command, root, env.PATH),
    personaOf(personaName, root),
  ]);
  const written = async (name: string, text: string) => {
    await writeFile(join(scratch, name), text);
    return join(scratch, name);
  };
  const { mode, model, tools } = how(persona);
  const reasoning = persona?.reasoningEffort ?? settings.reasoning;
  const flags = [...mode, '-o', 'stream-json'];
  if (model !== undefined) flags.push('-m', String(model));
  if (reasoning !== undefined) flags.push('-r', String(reasoning));
  if (persona) flags.push('--append-system-prompt-file', await written('persona.md', persona.body));
  flags.push(...toolFlags(tools), '--cwd', cwd, '-f', await written('prompt.md', prompt));
  return { argv: [program, 'exec', ...flags], env };
}
