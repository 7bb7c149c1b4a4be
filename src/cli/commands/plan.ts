import { readFileSync, statSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { type AgentEvent, agentNames } from '../../agents/index.js';
import { diagnosticsToJson, type PlanResult, readPlan, resolveRoot } from '../../plan/index.js';
import {
  MOST_ROUNDS,
  mayReplace,
  planInRounds,
  readExisting,
  rejectedFile,
  withHeader,
  writePlan,
} from '../../plan-author/index.js';
import { interruption, listenForInterrupt, renderDryRun } from '../../run/index.js';
import { ExitCode } from '../../util/errors/exit-code.js';
import { ForgeError } from '../../util/errors/forge-error.js';
import { codeOf } from '../../util/errors/system-error.js';
import { count } from '../../util/text/count.js';
import { toJsonText } from '../../util/text/json-text.js';
import { sanitize } from '../../util/text/sanitize.js';
import { type COMMON_FLAGS, type CommandSpec, command, type Flag, type Values } from '../command-line.js';
import { defaultPlan, parseVars } from '../plan-argument.js';
import { parseSplitPlan, SPLIT_FLAGS } from '../split-flags.js';
import { askAboutFiles } from '../terminal/ask.js';
import { printDiagnostics } from '../terminal/diagnostics.js';
import { complain } from '../terminal/terminal.js';

const spec = {
  name: 'plan',
  usage: '"goal"',
  summary: `Has an agent that may only read write a plan for a goal: tasks that can run at once without touching the same file. The
plan is checked, what is wrong is sent back (${MOST_ROUNDS} rounds), and the result is written to forge.plan.yaml. With --split the plan
divides files among tasks that all get the same prompt; no agent is asked.`,
  flags: {
    'goal-file': { value: 'file', help: 'read the goal from a file (- is standard input)' },
    agent: { value: 'name', help: 'the agent that writes the plan (default: droid)' },
    model: { value: 'id', help: 'the model that it uses' },
    output: { short: 'o', value: 'file', help: 'write the plan to file' },
    force: { help: 'replace a plan that was edited without asking' },
    apply: { help: 'run the plan when it is written' },
    var: { value: 'name=value', multiple: true, help: 'a variable of the plan' },
    ...SPLIT_FLAGS,
  },
} as const satisfies CommandSpec<Record<string, Flag>>;

type Flags = Values<typeof spec.flags & typeof COMMON_FLAGS>;

/** What was written, or at least thought of. */
interface Draft {
  text: string;
  result: PlanResult;
  rounds?: number;
}

/** `forge plan`. */
export const run = command(spec, async (flags, words) => {
  const goal = readGoal(flags, words);
  const split = await parseSplitPlan(flags, goal, (path) => readText(path, '--prompt-file'));
  const agent = flags.agent ?? 'droid';
  if (!agentNames.includes(agent))
    throw new ForgeError(
      `there is no agent ${agent}; known agents: ${agentNames.join(', ')}`,
      ExitCode.invalid,
    );
  const file = resolve(flags.output ?? flags.file ?? defaultPlan() ?? 'forge.plan.yaml');
  const vars = parseVars(flags.var);
  const root = rootFor(file);
  const before = readExisting(file);
  if (before !== undefined && !flags.force && !(await mayReplace(file, before, root))) {
    const answer = await askToReplace(flags, file);
    if (answer !== undefined) return answer;
  }
  const interrupt = listenForInterrupt({
    first: () => complain('stopping; no plan was written'),
  });
  let draft: Draft;
  try {
    draft =
      split === undefined
        ? await askFor(flags, { goal: goal ?? '', agent, file, vars, root }, interrupt.signal)
        : { text: split, result: await readPlan({ file, text: split, vars, agents: agentNames }) };
  } catch (error) {
    const interrupted = interruption(interrupt.signal);
    if (interrupted === undefined) throw error;
    return interrupted.exitCode;
  } finally {
    interrupt.dispose();
  }
  if (!draft.result.ok) return await reject(flags, file, draft);
  if (readExisting(file) !== before) {
    await writePlan(rejectedFile(file), draft.text);
    throw new ForgeError(
      `${shown(file)} changed while the plan was written; it is in ${shown(rejectedFile(file))}`,
      ExitCode.invalid,
    );
  }
  await writePlan(file, withHeader(draft.text, file, root));
  return await show(flags, file, vars, draft.rounds);
});

function readGoal(flags: Flags, words: readonly string[]): string | undefined {
  const from = flags['goal-file'];
  if (from !== undefined && words.length > 0)
    throw new ForgeError('the goal is given twice: as words and with --goal-file', ExitCode.invalid);
  const goal = (from === undefined ? words.join(' ') : readText(from, '--goal-file')).trim();
  if (goal !== '') return goal;
  if (flags.split.length > 0) return undefined;
  throw new ForgeError('say what the plan is for: `forge plan "Add user authentication"`', ExitCode.invalid);
}

function readText(file: string, flag: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    const why = codeOf(error) === 'ENOENT' ? 'there is no such file' : (error as Error).message;
    throw new ForgeError(`${flag} ${file}: ${why}`, ExitCode.invalid);
  }
}

function rootFor(file: string): string {
  if (statSync(dirname(file), { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new ForgeError(`there is no folder ${dirname(file)} for the plan`, ExitCode.invalid);
  return resolveRoot(file, undefined);
}

/** Nothing when the plan may be replaced; otherwise the exit code. */
async function askToReplace(flags: Flags, file: string): Promise<ExitCode | undefined> {
  if (process.stdin.isTTY === true && process.stdout.isTTY === true && !flags.json) {
    const chosen = await askAboutFiles([shown(file)]);
    if (typeof chosen === 'string') return ExitCode[chosen];
    return chosen.has(shown(file)) ? undefined : ExitCode.declined;
  }
  throw new ForgeError(
    `${shown(file)} was edited, or is not from \`forge plan\`; --force replaces it, -o writes another file`,
    ExitCode.invalid,
  );
}

async function askFor(
  flags: Flags,
  about: { goal: string; agent: string; file: string; vars: Record<string, string>; root: string },
  signal: AbortSignal,
): Promise<Draft> {
  const { agent } = about;
  const note = (text: string) => {
    if (!flags.quiet) complain(text);
  };
  return await planInRounds({
    ...about,
    ...(flags.model !== undefined && { model: flags.model }),
    env: definedOnly(process.env),
    signal,
    onRound: (round, problems) =>
      note(
        round === 1
          ? `asking ${agent} for a plan`
          : `${count(problems, 'problem')} sent back to ${agent} (round ${round} of ${MOST_ROUNDS})`,
      ),
    onEvent: (event) => {
      const line = flags.verbose || process.stderr.isTTY === true ? describe(event) : undefined;
      if (line !== undefined) note(line);
    },
  });
}

function describe(event: AgentEvent): string | undefined {
  if (event.type !== 'tool') return undefined;
  return `  ${sanitize(event.tool)} ${sanitize(event.summary.split('\n')[0] ?? '').slice(0, 100)}`;
}

/** Keeps a plan that is not valid, and says what is wrong with it. */
async function reject(flags: Flags, file: string, { text, result, rounds }: Draft): Promise<ExitCode> {
  const kept = rejectedFile(file);
  await writePlan(kept, text);
  const moved = result.ok
    ? result
    : { ...result, diagnostics: result.diagnostics.map((each) => relocated(each, kept)) };
  if (flags.json)
    process.stdout.write(`${toJsonText({ ...diagnosticsToJson(kept, moved), rounds, written: false })}\n`);
  else {
    printDiagnostics(kept, moved, flags);
    const tries = rounds === undefined ? '' : ` after ${rounds} rounds`;
    complain(
      `the plan is not valid${tries}; it is kept in ${shown(kept)}: repair it, then \`forge apply ${shown(kept)}\``,
    );
  }
  return ExitCode.invalid;
}

type Diagnostic = Extract<PlanResult, { ok: false }>['diagnostics'][number];

function relocated(diagnostic: Diagnostic, file: string): Diagnostic {
  const moved = (at: Diagnostic['at']) => ({ ...at, file });
  return {
    ...diagnostic,
    at: moved(diagnostic.at),
    related: diagnostic.related.map(({ at, message }) => ({ at: moved(at), message })),
  };
}

/** Shows the plan as it was written, and runs it if that was asked for. */
async function show(
  flags: Flags,
  file: string,
  vars: Record<string, string>,
  rounds: number | undefined,
): Promise<number> {
  const result = await readPlan({ file, vars, agents: agentNames });
  printDiagnostics(file, result, flags);
  if (!result.ok) return ExitCode.invalid;
  const text = renderDryRun(result.plan, [], { json: flags.json });
  if (flags.json) {
    const shownPlan = JSON.parse(text) as Record<string, unknown>;
    process.stdout.write(`${toJsonText({ ok: true, ...shownPlan, rounds, written: true })}\n`);
  } else if (!flags.quiet) {
    process.stdout.write(`${text}no conflicts detected; wrote ${sanitize(shown(file))}\n`);
    if (!flags.apply)
      process.stdout.write(`Next: forge apply${standard(file) ? '' : ` ${sanitize(shown(file))}`}\n`);
  }
  if (!flags.apply) return ExitCode.ok;
  // Nobody has read this plan yet, and with some capabilities a task can leave its view.
  const asking = result.plan.tasks.filter(({ capabilities = [] }) => capabilities.length > 0);
  if (asking.length > 0)
    throw new ForgeError(
      `the plan asks for capabilities (${asking.map(({ id, capabilities }) => `${id}: ${capabilities?.join(', ')}`).join('; ')}), so --apply does not run it; look at ${shown(file)}, then \`forge apply\``,
      ExitCode.invalid,
    );
  const { run: apply } = await import('./apply.js');
  const passed = (['quiet', 'verbose', 'json', 'color', 'no-color'] as const).filter((name) => flags[name]);
  return await apply([
    '-f',
    file,
    ...passed.map((name) => `--${name}`),
    ...flags.var.flatMap((each) => ['--var', each]),
  ]);
}

function standard(file: string): boolean {
  return file === defaultPlan();
}

function shown(file: string): string {
  const below = relative(process.cwd(), file);
  return below.startsWith('..') ? file : below;
}

function definedOnly(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
