import type { Task } from '../plan/index.js';
import { ExitCode, ForgeError, invalid } from '../util/errors.js';
import { findProgram } from '../util/process/find-program.js';
import { listed } from '../util/text/amounts.js';
import { nearestName } from '../util/text/nearest-name.js';

/** The agent of some tasks cannot run (no program, no persona, wrong settings); found before anything starts. Exit code 2. */
export class AgentUnavailableError extends ForgeError {
  constructor(message: string) {
    super(message, ExitCode.invalid);
  }
}

type Settings = Task['settings'];

/**
 * Looks for what keeps the tasks' agents from running, once for all tasks that differ only in what they do.
 * @throws AgentUnavailableError that names every problem and the tasks that have it
 */
export async function checkTasks(
  tasks: readonly Task[],
  problemsOf: (task: Task) => Promise<readonly string[]>,
): Promise<void> {
  const checked = new Map<string, Promise<readonly string[]>>();
  const problems = new Map<string, string[]>();
  for (const task of tasks) {
    const key = JSON.stringify([task.settings, task.persona, task.env]);
    const found = checked.get(key) ?? problemsOf(task);
    checked.set(key, found);
    for (const problem of await found) {
      const ids = problems.get(problem) ?? [];
      ids.push(task.id);
      problems.set(problem, ids);
    }
  }
  if (problems.size === 0) return;
  const lines = Array.from(problems, ([problem, ids]) => {
    const tasks = ids.length === 1 ? `task ${ids[0]}` : `tasks ${listed(ids, 5)}`;
    return `${problem} (needed by ${tasks})`;
  });
  throw new AgentUnavailableError(lines.join('\n'));
}

/** What the checks that fail tell people. @throws what is not a ForgeError */
export async function failuresOf(checks: readonly Promise<unknown>[]): Promise<string[]> {
  const failed = (await Promise.allSettled(checks)).filter((result) => result.status === 'rejected');
  return failed.map(({ reason }) => {
    if (!(reason instanceof ForgeError)) throw reason;
    return reason.message;
  });
}

/** A sentence for each of an agent's settings in a plan that the agent does not know. */
export function unknownSettings(agent: string, settings: Settings, known: readonly string[]): string[] {
  const unknown = Object.keys(settings).filter((key) => !known.includes(key));
  return unknown.map((key) => {
    const near = nearestName(key, known);
    const hint = near === undefined ? `there is ${known.join(', ')}` : `did you mean '${near}'?`;
    return `agents.${agent}.${key} is no setting of ${agent}'s; ${hint}`;
  });
}

/**
 * The absolute path of an agent's program: the one that `agents.AGENT.command` names (relative to `root`), else the one
 * on PATH that is called as the agent is. @throws ForgeError (2) that says how to get one
 */
export function agentProgram(
  agent: string,
  install: string,
  { command, root, path }: { command?: Settings[string]; root: string; path: string | undefined },
): string {
  const name = String(command ?? agent);
  const program = findProgram(name, path ?? '', root);
  if (program !== undefined) return program;
  const help =
    name === agent
      ? `${agent} is not on PATH: install it with \`${install}\`, or set agents.${agent}.command`
      : `agents.${agent}.command names '${name}', which is no program`;
  throw invalid(help);
}
