import { agentNames } from '../../agents/index.js';
import { readPlan } from '../../plan/index.js';
import { recover, renderDryRun, startRun, trustToAct } from '../../run/index.js';
import { ExitCode, invalid } from '../../util/errors.js';
import { mayBeMerging } from '../../util/files/merge-record.js';
import { type CommandSpec, command, type Flag } from '../command-line.js';
import { parseVars, planAndTasks } from '../plan-argument.js';
import { parseBackend, parseJobs, RUN_FLAGS } from '../run-flags.js';
import { runSession } from '../run-session.js';
import { printDiagnostics } from '../terminal/diagnostics.js';
import { complain } from '../terminal/terminal.js';

const spec = {
  name: 'apply',
  usage: '[plan] [tasks...]',
  summary: `Runs the tasks of a plan (or the named ones and what they need) in parallel, puts the results together, runs the
gates, and merges everything into the working tree, or nothing.`,
  flags: {
    ...RUN_FLAGS,
    'dry-run': { short: 'n', help: 'print what would run, in order, and stop' },
    'always-make': { short: 'B', help: 'run every task, whatever is up to date (apply always does)' },
    branch: {
      value: 'name',
      help: 'merge onto a new branch, one commit per task; the working tree stays as it is',
    },
    commit: { help: 'merge into the working tree and onto the current branch, one commit per task' },
    var: { value: 'name=value', multiple: true, help: 'override a variable of the plan' },
  },
} as const satisfies CommandSpec<Record<string, Flag>>;

/** `forge apply`. */
export const run = command(spec, async (flags, words) => {
  if (flags.branch !== undefined && flags.commit)
    throw invalid('--branch and --commit contradict each other: choose one');
  const { file, tasks } = planAndTasks(flags.file, words);
  const vars = parseVars(flags.var);
  const jobs = parseJobs(flags.jobs);
  const backend = parseBackend(flags.backend);
  const read = () => readPlan({ file, vars, agents: agentNames });
  let result = await read();
  // What a merge was cut short in may be the plan itself, or the files that a split divides.
  // Where not even the root can be told, the diagnostics below say why.
  const root = result.ok ? result.plan.root : result.root;
  if (root !== undefined && mayBeMerging(root)) {
    if (flags['dry-run'])
      complain(
        'a merge was interrupted here; what follows is of the tree as it is now (`forge status` finishes a half-written one)',
      );
    else {
      await trustToAct(root);
      await recover(root, complain);
      result = await read();
    }
  }
  printDiagnostics(result, flags);
  if (!result.ok) return ExitCode.invalid;
  const { plan } = result;
  if (flags['dry-run']) {
    process.stdout.write(renderDryRun(plan, tasks, { json: flags.json, jobs }));
    return ExitCode.ok;
  }
  const request = {
    planFile: plan.file,
    vars,
    tasks,
    jobs,
    backend,
    keepGoing: flags['keep-going'],
    branch: flags.branch,
    commit: flags.commit,
  };
  const gateLines = Object.fromEntries(plan.gates.map(({ name, at }) => [name, at.line]));
  return runSession(plan.root, flags, { planFile: plan.file, gateLines }, (hooks) =>
    startRun(plan, request, hooks),
  );
});
