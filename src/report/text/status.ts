import { isOver, type RunView } from '../../journal/index.js';
import { formatElapsed } from '../../util/text/amounts.js';
import { sanitize } from '../../util/text/sanitize.js';
import { elapsedOf, progressOf } from '../live/progress.js';
import {
  canvasFor,
  gateLine,
  headerLine,
  progressLine,
  type RenderOptions,
  taskRows,
} from '../live/table.js';
import { outcomeOf } from './outcome.js';
import { renderSummary } from './summary.js';

/** What `forge status` prints: where the run stands, every task, gates, and how to go on. */
export function renderStatus(run: RunView, options: RenderOptions): string {
  const { state } = outcomeOf(run, options.alive);
  const isRunning = state === 'running';
  const view = isRunning ? run : settled(run);
  const canvas = canvasFor(view, options);
  const { paint, now } = canvas;
  const running = ` for ${formatElapsed(now - (view.startedAt ?? now))} (process ${view.pid ?? '?'})`;
  const lines = [
    headerLine(view, canvas),
    `Run ${paint('bold', sanitize(view.run))}: ${state.replaceAll('-', ' ')}${isRunning ? running : ''}`,
    '',
    ...taskRows([...view.tasks.values()], canvas, true),
  ];
  if (view.gates.size > 0) lines.push('', 'Gates:');
  for (const gate of view.gates.values()) lines.push(gateLine(gate, canvas));
  lines.push('', ...(isRunning ? [progressLine(view, canvas)] : []));
  return `${lines.join('\n')}\n${isRunning ? '' : renderSummary(view, options)}`;
}

/** What `forge status --json` prints, as plain data. Times of day are ISO 8601, durations milliseconds. */
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
    tasks: Array.from(view.tasks.values(), (task) => ({
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
    gates: Array.from(view.gates.values(), ({ name, status, exitCode, ms, log }) => ({
      name,
      state: status,
      exitCode,
      ms,
      log,
    })),
    merge: view.merge,
  };
}

/**
 * A run that forge ended without finishing (a second Ctrl-C, SIGKILL, a power cut), as it is and not as its last events
 * left it: nothing of it is running any more.
 */
function settled(view: RunView): RunView {
  const tasks = new Map(view.tasks);
  for (const [id, task] of tasks)
    if (task.status === 'running' || task.status === 'retrying')
      tasks.set(id, { ...task, status: 'cancelled', reason: 'interrupted' });
  const gates = new Map(view.gates);
  for (const [name, gate] of gates)
    if (gate.status === 'running') gates.set(name, { ...gate, status: 'waiting' });
  return { ...view, tasks, gates };
}

function isoTime(at: number | undefined): string | undefined {
  return at === undefined ? undefined : new Date(at).toISOString();
}
