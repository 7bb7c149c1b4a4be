import { loadAdapter, type OtherTask, renderPrompt } from '../../agents/index.js';
import type { Journal } from '../../journal/index.js';
import { type Base, HalfWrittenError } from '../../merge/index.js';
import type { Plan, Task } from '../../plan/index.js';
import { ExitCode } from '../../util/errors/exit-code.js';
import type { Changeset, ChosenBackend } from '../../workspace/index.js';
import type { AttemptResult } from '../attempt/executor.js';
import { LocalExecutor } from '../attempt/local-executor.js';
import { withoutImpliedFolders } from '../integration/changed-paths.js';
import { integrate } from '../integration/integrate.js';
import type { SelectedTask } from '../schedule/select-tasks.js';
import { Redactor } from '../secrets/redactor.js';
import { secretsOf } from '../secrets/secrets.js';
import type { RunFolder, RunRequest } from '../store/run-folder.js';
import type { RunControl } from './control.js';
import { runTasks } from './run-tasks.js';

/** A run whose folder, base and backend are there. */
export interface PreparedRun {
  plan: Plan;
  request: RunRequest;
  /** In topological order. */
  tasks: readonly SelectedTask[];
  folder: RunFolder;
  journal: Journal;
  base: Base;
  chosen: ChosenBackend;
  /** Changesets of tasks that succeeded in an earlier session of this run. */
  done: ReadonlyMap<string, Changeset>;
}

/** Runs the tasks that are left, integrates and merges; the journal says how it went. Closes the journal. */
export async function executeRun(run: PreparedRun, control: RunControl): Promise<ExitCode> {
  const { journal } = run;
  const redactor = new Redactor(secretsOf(run.plan));
  journal.redactWith((event) => redactor.event(event));
  journal.listen(control.onEvent);
  const began = performance.now();
  // How long people took to answer is no part of what the run took.
  const asking = { ms: 0 };
  const finish = async (exitCode: ExitCode, reason?: string): Promise<ExitCode> => {
    const ms = Math.round(performance.now() - began - asking.ms);
    journal.append({ type: 'run.finished', exitCode, ms, ...(reason !== undefined && { reason }) });
    await journal.close();
    return exitCode;
  };
  announce(run);
  try {
    const { exitCode, reason } = await tasksThenMerge(run, redactor, {
      ...control,
      ...timed(control.approve, asking),
    });
    return await finish(exitCode, reason);
  } catch (error) {
    // The journal itself may be what failed (disk full): the first error is the one to report.
    const exitCode = error instanceof HalfWrittenError ? error.exitCode : ExitCode.failed;
    await finish(exitCode, (error as Error).message).catch(() => undefined);
    throw error;
  }
}

function timed(approve: RunControl['approve'], watch: { ms: number }): Pick<RunControl, 'approve'> {
  if (!approve) return {};
  return {
    approve: async (proposal) => {
      const asked = performance.now();
      try {
        return await approve(proposal);
      } finally {
        watch.ms += performance.now() - asked;
      }
    },
  };
}

async function tasksThenMerge(
  run: PreparedRun,
  redactor: Redactor,
  control: RunControl,
): Promise<{ exitCode: ExitCode; reason?: string }> {
  const { plan, request, tasks, folder, journal, base, chosen, done } = run;
  const { changesets, failed } = await runTasks({
    plan,
    tasks,
    folder,
    journal,
    base,
    executor: new LocalExecutor(chosen.backend, loadAdapter, redactor),
    prompt: (task, now, last) => promptFor(run, task, now, last),
    concurrency: request.jobs ?? plan.concurrency,
    keepGoing: request.keepGoing,
    done,
    signal: control.signal,
  });
  const interrupted = control.interruptCode();
  if (interrupted !== undefined) return { exitCode: interrupted, reason: 'interrupted' };
  if (failed.length > 0) {
    return { exitCode: ExitCode.failed, reason: `${failed.join(', ')} failed; nothing was merged` };
  }
  const result = await integrate({
    plan,
    folder,
    request,
    journal,
    base,
    backend: chosen.backend,
    redactor,
    changesets: tasks.map(({ task }) => ({
      task: task.id,
      title: task.description ?? task.id,
      changeset: changesets.get(task.id)!,
    })),
    control,
  });
  return control.interruptCode() !== undefined && result.exitCode === ExitCode.interrupted
    ? { ...result, exitCode: control.interruptCode()! }
    : result;
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
      ...(task.description !== undefined && { description: task.description }),
      ...(estimate !== undefined && { estimate }),
      ...(task.part && { filesTotal: task.part.files.length }),
    })),
    gates: plan.gates.map(({ name }) => name),
    pid: process.pid,
    ...(done.size > 0 && { resumed: true }),
  });
  for (const [task, changeset] of done) {
    journal.append({
      type: 'task.finished',
      task,
      state: 'up-to-date',
      attempts: 0,
      ms: 0,
      changes: withoutImpliedFolders(changeset.entries).length,
    });
  }
}

function promptFor(
  { plan, tasks }: PreparedRun,
  task: Task,
  { running, finished }: { running: ReadonlySet<string>; finished: ReadonlySet<string> },
  last: AttemptResult | undefined,
): string {
  if (task.prompt === undefined) return '';
  const others = tasks
    .filter((other) => other.task.id !== task.id)
    .map(
      ({ task: { id, description, owns } }): OtherTask => ({
        id,
        owns: owns.map(({ text }) => text),
        state: finished.has(id) ? 'finished' : running.has(id) ? 'running' : 'waiting',
        ...(description !== undefined && { description }),
      }),
    );
  return renderPrompt({
    id: task.id,
    prompt: task.prompt,
    owns: task.owns.map(({ text }) => text),
    reads: task.reads.map(({ text }) => text),
    others,
    gates: plan.gates.map(({ name, run }) => ({ name, run })),
    ...(plan.goal !== undefined && { goal: plan.goal }),
    ...(task.description !== undefined && { description: task.description }),
    ...(task.verify !== undefined && { verify: task.verify }),
    ...(last && { previous: last }),
  });
}
