import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { type AgentEvent, agentNames } from '../agents/index.js';
import { type PlanResult, readPlan } from '../plan/index.js';
import { ExitCode } from '../util/errors/exit-code.js';
import { ForgeError } from '../util/errors/forge-error.js';
import { writeFileDurably } from '../util/files/durable.js';
import { resolveRoot } from '../util/git/project-root.js';
import { shownPath } from '../util/paths/shown-path.js';
import { interruption, listenForInterrupt } from '../util/process/interrupt.js';
import { count } from '../util/text/count.js';
import type { Dialog } from '../util/text/dialog.js';
import { clip, sanitize } from '../util/text/sanitize.js';
import { mayReplace, readExisting, rejectedFile, withHeader } from './plan-file.js';
import { MOST_ROUNDS, planInRounds } from './plan-in-rounds.js';

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

/** What came of a request: a plan (`file` is where it lies), or the exit code for what kept it from being written. */
export type WrittenPlan =
  | { state: 'written' | 'rejected'; file: string; result: PlanResult; rounds?: number }
  | { state: 'left'; exitCode: ExitCode };

/**
 * Has a plan written and puts it into its file; one that is not valid is kept beside it. `note` is told what is going on.
 * @throws ForgeError: there is no such agent or folder, or the file may not be replaced (2), or the agent failed (1)
 */
export async function writePlan(
  request: PlanRequest,
  chooseFiles: Dialog['chooseFiles'],
  note: (line: string, isProgress: boolean) => void,
): Promise<WrittenPlan> {
  const { agent, file, vars } = request;
  if (!agentNames.includes(agent))
    throw invalid(`there is no agent ${agent}; known agents: ${agentNames.join(', ')}`);
  if (statSync(dirname(file), { throwIfNoEntry: false })?.isDirectory() !== true)
    throw invalid(`there is no folder ${dirname(file)} for the plan`);
  const root = resolveRoot(file, undefined);
  const before = readExisting(file);
  if (before !== undefined && !request.force && !(await mayReplace(file, before, root))) {
    const chosen = await chooseFiles?.([shownPath(file)]);
    if (chosen === undefined)
      throw invalid(
        `${shownPath(file)} was edited, or is not from \`forge plan\`; --force replaces it, -o writes another file`,
      );
    if (typeof chosen === 'string') return { state: 'left', exitCode: ExitCode[chosen] };
    if (chosen.size === 0) return { state: 'left', exitCode: ExitCode.declined };
  }
  const interrupt = listenForInterrupt({ first: () => note('stopping; no plan was written', false) });
  let draft: { text: string; result: PlanResult; rounds?: number };
  try {
    draft = await draftPlan(request, root, interrupt.signal, (line) => note(line, true));
  } catch (error) {
    const end = interruption(interrupt.signal);
    if (end === undefined) throw error;
    return { state: 'left', exitCode: end.exitCode };
  } finally {
    interrupt.dispose();
  }
  const { text, result, rounds } = draft;
  const isChanged = readExisting(file) !== before;
  if (!result.ok || isChanged) await writeFileDurably(rejectedFile(file), text);
  if (!result.ok) return { state: 'rejected', file: rejectedFile(file), result, rounds };
  if (isChanged)
    throw invalid(
      `${shownPath(file)} changed while the plan was written; it is in ${shownPath(rejectedFile(file))}`,
    );
  await writeFileDurably(file, withHeader(text, file, root));
  return { state: 'written', file, result: await readPlan({ file, vars, agents: agentNames }), rounds };
}

/** A draft is checked as the file that it becomes if it is refused, so that what is wrong is said of that one. */
async function draftPlan(
  { split, file, agent, verbose, ...request }: PlanRequest,
  root: string,
  signal: AbortSignal,
  progress: (line: string) => void,
): Promise<{ text: string; result: PlanResult; rounds?: number }> {
  const draft = rejectedFile(file);
  if (split !== undefined) {
    const result = await readPlan({ file: draft, text: split, vars: request.vars, agents: agentNames });
    return { text: split, result };
  }
  return await planInRounds({
    ...request,
    agent,
    file: draft,
    root,
    signal,
    onRound: (round, problems) =>
      progress(
        round === 1
          ? `asking ${agent} for a plan`
          : `${count(problems, 'problem')} sent back to ${agent} (round ${round} of ${MOST_ROUNDS})`,
      ),
    onEvent: (event) => {
      if (verbose && event.type === 'tool') progress(describe(event));
    },
  });
}

function describe({ tool, summary }: Extract<AgentEvent, { type: 'tool' }>): string {
  return `  ${sanitize(tool)} ${clip(sanitize(summary.split('\n')[0]!), 100)}`;
}

function invalid(message: string): ForgeError {
  return new ForgeError(message, ExitCode.invalid);
}
