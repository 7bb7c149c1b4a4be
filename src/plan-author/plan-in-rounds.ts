import {
  type AgentEvent,
  agentNames,
  listPersonas,
  loadAdapter,
  type PersonaEntry,
} from '../agents/index.js';
import {
  type Diagnostic,
  diagnosticRenderer,
  type PlanResult,
  type ReadPlanOptions,
  readPlan,
} from '../plan/index.js';
import { projectFiles } from '../util/git/list-files.js';
import { count } from '../util/text/amounts.js';
import { didYouMean } from '../util/text/nearest-name.js';
import { clip, sanitize } from '../util/text/sanitize.js';
import { askAgent } from './ask-agent.js';
import { extractPlan } from './extract-plan.js';
import { renderPlannerPrompt } from './planner-prompt.js';
import { repoMap } from './repo-map.js';

/** The persona that writes plans; no task is for it. */
const ORCHESTRATOR = 'df-orchestrator';

/** How often the agent may try: a plan that is wrong three times will be wrong the fourth time. */
export const MOST_ROUNDS = 3;

export interface PlanRequest {
  goal: string;
  /** The text of a plan that divides files, so that no agent has to be asked. */
  split?: string;
  /** The agent that writes the plan, and the model that it uses. */
  agent: string;
  model?: string;
  /** Where the plan goes, absolute. */
  file: string;
  vars: Readonly<Record<string, string>>;
  /** Replace a plan that was edited without asking. */
  force: boolean;
  /** Tell what the agent does, too. */
  verbose: boolean;
}

/** The text of a plan, and what reading it gave. `rounds`: how often an agent was asked for it. */
export interface Draft {
  text: string;
  result: PlanResult;
  rounds?: number;
}

/**
 * Has an agent write a plan: tells it what it has to know, checks its answer, and sends back what is wrong, up to
 * MOST_ROUNDS times in all, each in a new session. @throws ForgeError when the agent cannot be asked (2) or failed (1)
 */
export async function planInRounds(
  { goal, agent, model, file, vars, verbose }: PlanRequest,
  root: string,
  signal: AbortSignal,
  progress: (line: string) => void,
): Promise<Draft> {
  const [adapter, paths, personas, checks] = await Promise.all([
    loadAdapter(agent),
    projectFiles(root),
    listPersonas(root),
    checksOf(root),
  ]);
  const forTasks = personas.filter(({ name }) => name !== ORCHESTRATOR);
  const context = { goal, map: repoMap(paths), checks, personas: forTasks };
  let previous: { text: string; problems: string; count: number } | undefined;
  for (let rounds = 1; ; rounds += 1) {
    progress(
      previous === undefined
        ? `asking ${agent} for a plan`
        : `${count(previous.count, 'problem')} sent back to ${agent} (round ${rounds} of ${MOST_ROUNDS})`,
    );
    const answer = await askAgent({
      adapter,
      root,
      prompt: renderPlannerPrompt({ ...context, previous }),
      // No variable that is there is without a value.
      env: { ...process.env } as Record<string, string>,
      model,
      persona: personas.length > forTasks.length ? ORCHESTRATOR : undefined,
      signal,
      onEvent: (event) => {
        if (verbose && event.type === 'tool') progress(describe(event));
      },
    });
    const text = extractPlan(answer);
    const result = await checkPlan({ file, text, vars, agents: agentNames, personas });
    if (result.ok || rounds === MOST_ROUNDS) return { text, rounds, result };
    const { diagnostics } = result;
    const render = diagnosticRenderer({ color: false, source: text, cwd: root });
    previous = { text, problems: diagnostics.map(render).join('\n'), count: diagnostics.length };
  }
}

function describe({ tool, summary }: Extract<AgentEvent, { type: 'tool' }>): string {
  return `  ${sanitize(tool)} ${clip(sanitize(summary.split('\n')[0]!), 100)}`;
}

/** Gates that the project's files suggest. */
async function checksOf(root: string): Promise<readonly { name: string; run: string }[]> {
  const { proposeGates, surveyProject } = await import('../init/index.js');
  return proposeGates(await surveyProject(root));
}

/**
 * Reads a plan that an agent wrote. A task for a persona that is not there is wrong too: `forge apply` would only find
 * out when it starts. @throws what `readPlan` throws
 */
async function checkPlan({
  personas,
  ...options
}: ReadPlanOptions & { personas: readonly PersonaEntry[] }): Promise<PlanResult> {
  const result = await readPlan(options);
  if (!result.ok) return result;
  const names = personas.map(({ name }) => name);
  const problems = result.plan.tasks.flatMap(({ id, persona, at }): Diagnostic[] => {
    if (persona === undefined || names.includes(persona)) return [];
    const message = `\`${id}\` is for the persona \`${persona}\`, which has no file .factory/droids/${persona}.md`;
    const others = names.length > 0 ? `there is ${names.join(', ')}` : 'leave `droid` out';
    const hint = didYouMean(persona, names) ?? others;
    return [{ code: 'schema', severity: 'error', message, at, related: [], hint }];
  });
  if (problems.length === 0) return result;
  const { text, tasks, root } = result.plan;
  return { ok: false, diagnostics: problems, text, tasks: tasks.length, root };
}
