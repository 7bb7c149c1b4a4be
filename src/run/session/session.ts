import { loadAdapter } from '../../agents/index.js';
import { HalfWrittenError } from '../../merge/index.js';
import { ExitCode } from '../../util/errors.js';
import { interruption } from '../../util/process/interrupt.js';
import { LocalExecutor } from '../attempt/local-executor.js';
import { countChanges } from '../integration/changes.js';
import { integrate } from '../integration/integrate.js';
import { Redactor } from '../secrets/redactor.js';
import { secretsOf } from '../secrets/secrets.js';
import type { Proposal, RunEnd, RunHooks } from './hooks.js';
import type { PreparedRun } from './prepare.js';
import { runTasks } from './task-loop.js';

/** Runs the tasks that are left, integrates and merges; the journal says how it went. Closes the journal. */
export async function executeRun(run: PreparedRun, hooks: RunHooks): Promise<ExitCode> {
  const { journal } = run;
  const redactor = new Redactor(secretsOf(run.plan));
  journal.redactWith((event) => redactor.event(event));
  journal.listen(hooks.onEvent);
  const began = performance.now();
  // How long people took to answer is no part of what the run took.
  let askedMs = 0;
  const approve = async (proposal: Proposal): Promise<boolean> => {
    const asked = performance.now();
    try {
      return await hooks.approve!(proposal);
    } finally {
      askedMs += performance.now() - asked;
    }
  };
  const finish = async ({ exitCode, reason }: RunEnd): Promise<ExitCode> => {
    const ms = Math.round(performance.now() - began - askedMs);
    journal.append({ type: 'run.finished', exitCode, ms, reason });
    await journal.close();
    return exitCode;
  };
  announce(run);
  try {
    const timed = { ...hooks, approve: hooks.approve && approve };
    return await finish(await tasksThenMerge(run, redactor, timed));
  } catch (error) {
    // The journal itself may be what failed (disk full): the first error is the one to report.
    const exitCode = error instanceof HalfWrittenError ? error.exitCode : ExitCode.failed;
    await finish({ exitCode, reason: (error as Error).message }).catch(() => undefined);
    throw error;
  }
}

async function tasksThenMerge(run: PreparedRun, redactor: Redactor, hooks: RunHooks): Promise<RunEnd> {
  try {
    return await runThenIntegrate(run, redactor, hooks);
  } finally {
    const closed = run.chosen.backend.close();
    await closed.catch((error: Error) =>
      hooks.note(`forge could not clean up after this run; the next forge command does: ${error.message}`),
    );
  }
}

async function runThenIntegrate(run: PreparedRun, redactor: Redactor, hooks: RunHooks): Promise<RunEnd> {
  const executor = new LocalExecutor(run.chosen.backend, loadAdapter, redactor);
  const { changesets, failed } = await runTasks(run, executor, hooks.signal);
  const interrupted = interruption(hooks.signal);
  if (interrupted) return interrupted;
  if (failed.length > 0) {
    return { exitCode: ExitCode.failed, reason: `${failed.join(', ')} failed; nothing was merged` };
  }
  const results = run.tasks.map(({ task }) => ({
    task: task.id,
    title: task.description ?? task.id,
    changeset: changesets.get(task.id)!,
  }));
  return await integrate(run, results, redactor, hooks);
}

function announce({ plan, request, tasks, journal, chosen, done }: PreparedRun): void {
  journal.append({
    type: 'run.started',
    plan: plan.file,
    name: plan.name,
    root: plan.root,
    backend: chosen.backend.name,
    backendReason: chosen.reason,
    concurrency: request.jobs ?? plan.concurrency,
    tasks: tasks.map(({ task, prerequisites, estimate }) => ({
      id: task.id,
      agent: task.agent,
      needs: [...prerequisites],
      line: task.at.line,
      description: task.description,
      estimate,
      filesTotal: task.part?.files.length,
    })),
    gates: plan.gates.map(({ name }) => name),
    pid: process.pid,
    resumed: done.size > 0 ? true : undefined,
  });
  for (const [task, changeset] of done) {
    const changes = countChanges(changeset.entries);
    journal.append({ type: 'task.finished', task, state: 'up-to-date', attempts: 0, ms: 0, changes });
  }
}
