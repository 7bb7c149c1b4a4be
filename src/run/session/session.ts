import { HalfWrittenError } from '../../merge/index.js';
import { ExitCode } from '../../util/errors.js';
import { interruption } from '../../util/process/interrupt.js';
import { localExecutor } from '../attempt/local-executor.js';
import { withoutImpliedFolders } from '../integration/changes.js';
import { integrate } from '../integration/integrate.js';
import { Redactor } from '../secrets/redactor.js';
import { secretsOf } from '../secrets/secrets.js';
import type { Proposal, RunEnd, RunHooks } from './hooks.js';
import type { PreparedRun } from './prepare.js';
import { TaskLoop } from './task-loop.js';

/** Runs the tasks that are left, integrates and merges; the journal says how it went. Closes the journal. */
export async function executeRun(run: PreparedRun, hooks: RunHooks): Promise<ExitCode> {
  const { journal } = run;
  const redactor = new Redactor(secretsOf(run.plan));
  journal.listen(hooks.onEvent, (event) => redactor.event(event));
  const began = performance.now();
  // How long people took to answer is no part of what the run took.
  let askedMs = 0;
  const approve = async (proposal: Proposal) => {
    const asked = performance.now();
    return await hooks.approve!(proposal).finally(() => {
      askedMs += performance.now() - asked;
    });
  };
  const finish = async ({ exitCode, reason }: RunEnd): Promise<ExitCode> => {
    const ms = Math.round(performance.now() - began - askedMs);
    journal.append({ type: 'run.finished', exitCode, ms, reason });
    await journal.close();
    return exitCode;
  };
  announce(run);
  try {
    return await finish(await tasksThenMerge(run, redactor, { ...hooks, approve: hooks.approve && approve }));
  } catch (error) {
    // The journal itself may be what failed (disk full): the first error is the one to report.
    const exitCode = error instanceof HalfWrittenError ? error.exitCode : ExitCode.failed;
    await finish({ exitCode, reason: (error as Error).message }).catch(() => undefined);
    throw error;
  }
}

async function tasksThenMerge(run: PreparedRun, redactor: Redactor, hooks: RunHooks): Promise<RunEnd> {
  const { backend } = run.chosen;
  try {
    const loop = new TaskLoop(run, localExecutor(backend, redactor), hooks.signal);
    await loop.run();
    const interrupted = interruption(hooks.signal);
    if (interrupted) return interrupted;
    if (loop.failed.length > 0)
      return { exitCode: ExitCode.failed, reason: `${loop.failed.join(', ')} failed; nothing was merged` };
    return await integrate(run, loop.changesets, redactor, hooks);
  } finally {
    const closed = backend.close();
    await closed.catch((error: Error) =>
      hooks.note(`forge could not clean up after this run; the next forge command does: ${error.message}`),
    );
  }
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
    const changes = withoutImpliedFolders(changeset.entries).length;
    journal.append({ type: 'task.finished', task, state: 'up-to-date', attempts: 0, ms: 0, changes });
  }
}
