import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { agentNames } from '../agents/index.js';
import { type PlanResult, readPlan } from '../plan/index.js';
import { ExitCode, invalid, unlessGone } from '../util/errors.js';
import { hashText, writeFileDurably } from '../util/files/content.js';
import { resolveRoot } from '../util/git/project-root.js';
import { shownPath } from '../util/paths/shown-path.js';
import { interruption, listenForInterrupt } from '../util/process/interrupt.js';
import type { Dialog } from '../util/text/dialog.js';
import { type Draft, type PlanRequest, planInRounds } from './plan-in-rounds.js';

/** Where the schema may lie, relative to root: npm's copy, or the one that `forge init` puts there. */
const SCHEMAS = ['node_modules/droidforge/schemas/forge.plan.schema.json', '.factory/forge.plan.schema.json'];

const MARK =
  /^# Written by `forge plan`, which may replace it until it is changed \(mark ([0-9a-f]{16})\)\.\n/m;

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
  let draft: Draft;
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
  request: PlanRequest,
  root: string,
  signal: AbortSignal,
  progress: (line: string) => void,
): Promise<Draft> {
  const { split: text, vars } = request;
  const file = rejectedFile(request.file);
  if (text === undefined) return await planInRounds({ ...request, file }, root, signal, progress);
  return { text, result: await readPlan({ file, text, vars, agents: agentNames }) };
}

/** The text of a plan file; undefined when there is none. @throws the file system's error otherwise */
function readExisting(file: string): string | undefined {
  return unlessGone(() => readFileSync(file, 'utf8'));
}

/** Whether nobody's work is lost when the file is replaced: it is as `forge plan` or `forge init` wrote it. */
async function mayReplace(file: string, text: string, root: string): Promise<boolean> {
  const match = MARK.exec(text);
  if (match) return markOf(text.slice(match.index + match[0].length)) === match[1];
  const { isUnmodified } = await import('../init/index.js');
  const path = relative(root, join(realpathSync(dirname(file)), basename(file)));
  return path === 'forge.plan.yaml' && (await isUnmodified(root, path));
}

/** A plan's text with the lines that editors and `forge plan` look for above it. */
function withHeader(text: string, file: string, root: string): string {
  const body = text.replace(/^# yaml-language-server:.*\n/gm, '');
  const schema = SCHEMAS.find((path) => existsSync(join(root, path)));
  const path = schema && relative(realpathSync(dirname(file)), join(root, schema)).replaceAll('\\', '/');
  const modeline = path === undefined ? '' : `# yaml-language-server: $schema=${path}\n`;
  return `${modeline}# Written by \`forge plan\`, which may replace it until it is changed (mark ${markOf(body)}).\n${body}`;
}

/** Where a plan that is not valid is kept: beside the plan, so that it means the same there. */
function rejectedFile(file: string): string {
  return `${file.replace(/\.ya?ml$/i, '')}.rejected.yaml`;
}

function markOf(text: string): string {
  return hashText(text).slice(0, 16);
}
