import { agentNames } from '../../agents/index.js';
import { diagnosticsToJson, type Plan, readPlan } from '../../plan/index.js';
import { ExitCode } from '../../util/errors.js';
import { count } from '../../util/text/amounts.js';
import { sanitize, toJsonText } from '../../util/text/sanitize.js';
import { type CommandSpec, command, type Flag } from '../command-line.js';
import { parseVars, planAndTasks } from '../plan-argument.js';
import { printDiagnostics } from '../terminal/diagnostics.js';

const spec = {
  name: 'check',
  usage: '[plan]',
  words: 1,
  summary: `Validates a plan and proves that no two tasks without an order between them can write the same path.
With -v it also lists the variables whose values are masked.`,
  flags: { var: { value: 'name=value', multiple: true, help: 'override a variable of the plan' } },
} as const satisfies CommandSpec<Record<string, Flag>>;

/** `forge check`. */
export const run = command(spec, async (flags, words) => {
  const { file } = planAndTasks(flags.file, words);
  const result = await readPlan({ file, vars: parseVars(flags.var), agents: agentNames });
  if (flags.json) process.stdout.write(`${toJsonText(diagnosticsToJson(file, result))}\n`);
  else {
    printDiagnostics(result, flags);
    if (result.ok && !flags.quiet) process.stdout.write(describe(result.plan));
    if (result.ok && flags.verbose) process.stdout.write(await describeSecrets(result.plan));
  }
  return result.ok ? ExitCode.ok : ExitCode.invalid;
});

/** Names of what is masked and why, never a value. */
async function describeSecrets(plan: Plan): Promise<string> {
  // Loaded only when it is asked for: a check is to be quick.
  const { secretsOf } = await import('../../run/index.js');
  const secrets = secretsOf(plan);
  if (secrets.length === 0) return 'nothing is masked: no variable looks like a secret\n';
  const rows = secrets.map(({ name, why }) => [sanitize(name), why] as const);
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  const lines = rows.map(([name, why]) => `  ${name.padEnd(width)}${why}\n`);
  return `masked in logs, events and on screen:\n${lines.join('')}`;
}

function describe(plan: Plan): string {
  const what = `${count(plan.tasks.length, 'task')}, ${count(plan.gates.length, 'gate')}`;
  return `${sanitize(plan.name)}: ${what}; no conflicts detected\n`;
}
