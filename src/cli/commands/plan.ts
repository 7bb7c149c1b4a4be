import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { diagnosticsToJson } from '../../plan/index.js';
import { MOST_ROUNDS, type PlanRequest, writePlan } from '../../plan-author/index.js';
import { renderDryRun } from '../../run/index.js';
import { ExitCode, invalid, reasonOf } from '../../util/errors.js';
import { shownPath } from '../../util/paths/shown-path.js';
import { type COMMON_FLAGS, type CommandSpec, command, type Flag, type Values } from '../command-line.js';
import { defaultPlan, parseVars } from '../plan-argument.js';
import { parseSplitPlan, SPLIT_FLAGS } from '../split-flags.js';
import { printDiagnostics } from '../terminal/diagnostics.js';
import { openDialog } from '../terminal/dialog.js';
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
type Told = Exclude<Awaited<ReturnType<typeof writePlan>>, { state: 'left' }>;

/** `forge plan`. With `--apply` it goes straight on to `forge apply`. */
export const run = command(spec, async (flags, words) => {
  const goal = readGoal(flags, words);
  const request: PlanRequest = {
    goal: goal ?? '',
    split: await parseSplitPlan(flags, goal, (path) => readText(path, '--prompt-file')),
    agent: flags.agent ?? 'droid',
    model: flags.model,
    file: resolve(flags.output ?? flags.file ?? defaultPlan() ?? 'forge.plan.yaml'),
    vars: parseVars(flags.var),
    force: flags.force,
    verbose: flags.verbose || process.stderr.isTTY === true,
  };
  const plan = await writePlan(request, openDialog(flags).chooseFiles, (line, isProgress) => {
    if (!flags.quiet || !isProgress) complain(line);
  });
  if (plan.state === 'left') return plan.exitCode;
  return plan.state === 'written' ? await showWritten(flags, plan) : showRejected(flags, plan);
});

/** What the plan is for; undefined where that need not be said. */
function readGoal(flags: Flags, words: readonly string[]): string | undefined {
  const from = flags['goal-file'];
  if (from !== undefined && words.length > 0)
    throw invalid('the goal is given twice: as words and with --goal-file');
  const goal = (from === undefined ? words.join(' ') : readText(from, '--goal-file')).trim();
  if (goal !== '') return goal;
  if (flags.split.length > 0) return undefined;
  throw invalid('say what the plan is for: `forge plan "Add user authentication"`');
}

function readText(file: string, flag: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    const why = reasonOf(error, { ENOENT: 'there is no such file' });
    throw invalid(`${flag} ${file}: ${why}`);
  }
}

function showRejected(flags: Flags, { file, result, rounds }: Told): ExitCode {
  const { tell, warn } = openDialog(flags);
  tell({ ...diagnosticsToJson(file, result), rounds, written: false });
  if (!flags.json) printDiagnostics(result, flags);
  const tries = rounds === undefined ? '' : ` after ${rounds} rounds`;
  const kept = shownPath(file);
  warn(`the plan is not valid${tries}; it is kept in ${kept}: repair it, then \`forge apply ${kept}\``);
  return ExitCode.invalid;
}

async function showWritten(flags: Flags, { file, result, rounds }: Told): Promise<number> {
  const { say, tell } = openDialog(flags);
  printDiagnostics(result, flags);
  if (!result.ok) return ExitCode.invalid;
  const text = renderDryRun(result.plan, [], { json: flags.json });
  if (flags.json) tell({ ok: true, ...JSON.parse(text), rounds, written: true });
  else if (!flags.quiet) process.stdout.write(text);
  say(`no conflicts detected; wrote ${shownPath(file)}`);
  if (!flags.apply) {
    say(`Next: forge apply${file === defaultPlan() ? '' : ` ${shownPath(file)}`}`);
    return ExitCode.ok;
  }
  // Nobody has read this plan yet, and with some capabilities a task can leave its view.
  const asking = result.plan.tasks.filter(({ capabilities = [] }) => capabilities.length > 0);
  if (asking.length > 0)
    throw invalid(
      `the plan asks for capabilities (${asking.map(({ id, capabilities }) => `${id}: ${capabilities?.join(', ')}`).join('; ')}), so --apply does not run it; look at ${shownPath(file)}, then \`forge apply\``,
    );
  const { run: apply } = await import('./apply.js');
  const passed = (['quiet', 'verbose', 'json', 'color', 'no-color'] as const).filter((name) => flags[name]);
  const vars = flags.var.flatMap((each) => ['--var', each]);
  return await apply(['-f', file, ...passed.map((name) => `--${name}`), ...vars]);
}
