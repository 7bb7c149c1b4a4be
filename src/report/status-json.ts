import { isOver, type RunView } from '../journal/index.js';
import { elapsedOf, progressOf } from './live/progress.js';
import type { RenderOptions } from './live/table.js';
import { outcomeOf } from './text/outcome.js';
import { settled } from './text/settled.js';

/** Takes a view (and the time now, and whether an unfinished run's process is alive); gives what `forge status --json` prints, as plain data. Times of day are ISO 8601, durations milliseconds. */
export function statusToJson(run: RunView, options: Pick<RenderOptions, 'now' | 'alive'> = {}): object {
  const now = options.now ?? run.lastAt ?? 0;
  const { state, sentence, next } = outcomeOf(run, options.alive);
  const view = state === 'running' ? run : settled(run);
  return {
    v: 1,
    run: view.run,
    state,
    message: sentence,
    next: next.map(({ command }) => command),
    plan: view.plan,
    name: view.name,
    root: view.root,
    backend: view.backend,
    concurrency: view.concurrency,
    pid: view.pid,
    resumed: view.resumed,
    startedAt: isoTime(view.startedAt),
    ms: view.finished?.ms,
    exitCode: view.finished?.exitCode,
    reason: view.finished?.reason,
    progress: progressOf(view, now),
    tasks: [...view.tasks.values()].map((task) => ({
      id: task.id,
      description: task.description,
      agent: task.agent,
      needs: task.needs,
      state: task.status,
      attempt: task.attempt,
      startedAt: isoTime(task.startedAt),
      ms: isOver(task.status) ? task.ms : elapsedOf(task, now),
      files: task.files,
      last: task.last,
      waitingFor: task.waitingFor,
      retryAt: isoTime(task.retryAt),
      outcome: task.outcome,
      reason: task.reason,
      strays: task.strays,
      log: task.log,
      usage: task.usage,
    })),
    gates: [...view.gates.values()].map(({ name, status, exitCode, ms, log }) => ({
      name,
      state: status,
      exitCode,
      ms,
      log,
    })),
    merge: view.merge,
  };
}

function isoTime(at: number | undefined): string | undefined {
  return at === undefined ? undefined : new Date(at).toISOString();
}
