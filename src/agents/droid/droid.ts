import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Task } from '../../plan/index.js';
import { ExitCode } from '../../util/errors/exit-code.js';
import { ForgeError } from '../../util/errors/forge-error.js';
import { findProgram } from '../../util/process/find-program.js';
import { nearestName } from '../../util/text/nearest-name.js';
import type { Command } from '../../workspace/index.js';
import type { Adapter, AttemptContext, Question } from '../adapter.js';
import { AgentUnavailableError, nameTasks } from '../agent-unavailable-error.js';
import { type Persona, readPersona } from '../persona.js';
import { readUserSettings, SETTINGS_VARIABLE, writeDroidSettings } from './settings.js';
import { DroidStreamReader } from './stream.js';
import { toolFlags } from './tools.js';

/** Settings under `agents: { droid: … }`. */
const SETTINGS = ['model', 'auto', 'reasoning', 'command'];
/** droid's autonomy levels that let it change files. */
const LEVELS = ['low', 'medium', 'high'];

/** Factory's `droid exec` (NOTES-droid). */
export const droid: Adapter = {
  name: 'droid',
  takesPrompt: true,
  normaliseNewFileModes: true,
  preflight,
  prepare,
  prepareQuestion,
  reader: () => new DroidStreamReader(),
};

async function preflight(
  tasks: readonly Task[],
  root: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  // Many tasks differ only in what they do: each combination of what is checked is checked once.
  const alike = new Map<string, Task[]>();
  for (const task of tasks) {
    const key = JSON.stringify([task.settings, task.persona, task.env]);
    const group = alike.get(key);
    if (group) group.push(task);
    else alike.set(key, [task]);
  }
  const problems = new Map<string, string[]>();
  for (const group of alike.values()) {
    for (const problem of await problemsOf(group[0]!, root, { ...env, ...group[0]!.env })) {
      problems.set(problem, [...(problems.get(problem) ?? []), ...group.map(({ id }) => id)]);
    }
  }
  if (problems.size === 0) return;
  const lines = Array.from(problems, ([problem, ids]) => `${problem} (needed by ${nameTasks(ids)})`);
  throw new AgentUnavailableError(lines.join('\n'), [...new Set([...problems.values()].flat())]);
}

async function problemsOf(
  task: Task,
  root: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string[]> {
  const problems = [...unknownSettings(task)];
  const level = task.settings.auto;
  if (level !== undefined && !LEVELS.includes(String(level)))
    problems.push(`agents.droid.auto is '${level}'; it must be one of ${LEVELS.join(', ')}`);
  const checks = [
    findDroid(task.settings.command, root, env.PATH ?? ''),
    readUserSettings(env[SETTINGS_VARIABLE], root),
  ];
  const persona = task.persona === undefined ? [] : [readPersona(task.persona, root)];
  for (const check of await Promise.allSettled([...checks, ...persona])) {
    if (check.status === 'fulfilled') continue;
    if (!(check.reason instanceof ForgeError)) throw check.reason;
    problems.push(check.reason.message);
  }
  return problems;
}

function* unknownSettings(task: Task): Generator<string> {
  for (const key of Object.keys(task.settings).filter((name) => !SETTINGS.includes(name))) {
    const near = nearestName(key, SETTINGS);
    yield `agents.droid.${key} is no setting of droid's; ${near ? `did you mean '${near}'?` : `there is ${SETTINGS.join(', ')}`}`;
  }
}

/** Gives the absolute path of the droid to run. Throws ForgeError (2) that says how to get one. */
async function findDroid(
  command: Task['settings'][string] | undefined,
  root: string,
  searchPath: string,
): Promise<string> {
  const name = String(command ?? 'droid');
  const program = findProgram(name, searchPath, root);
  if (program !== undefined) return program;
  const help =
    name === 'droid'
      ? 'droid is not on PATH: install it with `npm i -g droid`, or set agents.droid.command'
      : `agents.droid.command names '${name}', which is no program`;
  throw new ForgeError(help, ExitCode.invalid);
}

async function prepare(context: AttemptContext): Promise<Command> {
  const { task, root, scratch, env, workspacePath } = context;
  const promptFile = join(scratch, 'prompt.md');
  const [program, settingsFile, persona] = await Promise.all([
    findDroid(task.settings.command, root, env.PATH ?? ''),
    writeDroidSettings(context),
    task.persona === undefined ? undefined : readPersona(task.persona, root),
    writeFile(promptFile, context.prompt),
  ]);
  const flags = ['--auto', String(task.settings.auto ?? 'medium'), '-o', 'stream-json'];
  const model = persona?.model ?? task.settings.model;
  flags.push(
    ...(await whoItIs(persona, model, task.settings.reasoning, scratch)),
    ...toolFlags(persona?.tools),
  );
  return {
    argv: [program, 'exec', ...flags, '--cwd', workspacePath, '-f', promptFile],
    env: { ...env, [SETTINGS_VARIABLE]: settingsFile },
  };
}

/** Without `--auto`, droid only reads. Commands are kept from it too: the first that it may not run ends it. */
async function prepareQuestion(question: Question): Promise<Command> {
  const { root, scratch, env } = question;
  const promptFile = join(scratch, 'prompt.md');
  const [program, persona] = await Promise.all([
    findDroid(undefined, root, env.PATH ?? ''),
    question.persona === undefined ? undefined : readPersona(question.persona, root),
    writeFile(promptFile, question.prompt),
  ]);
  const who = await whoItIs(persona, question.model ?? persona?.model, undefined, scratch);
  const flags = ['-o', 'stream-json', ...who, ...toolFlags(['read-only'])];
  return { argv: [program, 'exec', ...flags, '--cwd', root, '-f', promptFile], env };
}

/** The flags for a model, its effort and what a persona is told. */
async function whoItIs(
  persona: Persona | undefined,
  model: Task['settings'][string] | undefined,
  effort: Task['settings'][string] | undefined,
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
