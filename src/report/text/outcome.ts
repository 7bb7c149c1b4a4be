import { isOver, type RunView, type TaskStatus } from '../../journal/index.js';
import { ExitCode } from '../../util/errors/exit-code.js';
import { count, listed } from '../../util/text/count.js';
import { oneLine, sanitize } from '../../util/text/sanitize.js';

/** Where a run stands. `interrupted`: forge ended without finishing it. */
export type RunState =
  | 'running'
  | 'interrupted'
  | 'nothing-to-do'
  | 'unchanged'
  | 'merged'
  | 'ready'
  | 'declined'
  | 'refused'
  | 'failed';

/** What became of a run: one sentence for people, and the commands that go on from here (with why, best first). */
export interface Outcome {
  state: RunState;
  sentence: string;
  next: { command: string; why: string }[];
}

/** Exit codes that forge gives after SIGINT and SIGTERM (DESIGN section 4). */
const INTERRUPTED: ReadonlySet<number> = new Set([ExitCode.interrupted, ExitCode.terminated]);

/** Takes a view and, for a run without an end, whether its process is alive (unknown = yes); gives what became of it. */
export function outcomeOf(view: RunView, alive = true): Outcome {
  const { merge, finished } = view;
  if (merge && merge.state !== 'running') return mergeOutcome(view, merge.state);
  if (merge && finished?.exitCode === ExitCode.halfWritten)
    return {
      state: 'interrupted',
      sentence: 'The merge is half written; the next forge command finishes it.',
      next: [{ command: `forge status ${sanitize(view.run)}`, why: 'finish it' }],
    };
  // Every command that looks at a run finishes a merge that had written something first.
  if (merge && (finished || !alive))
    return {
      state: 'interrupted',
      sentence: 'Nothing merged: the merge was interrupted before it wrote anything. The result is kept.',
      next: [merging(view)],
    };
  if (!finished) {
    if (alive) return { state: 'running', sentence: '', next: [] };
    return {
      state: 'interrupted',
      sentence: `Nothing merged: forge ended before the run did.${kept(view)}`,
      next: [resuming(view)],
    };
  }
  if (INTERRUPTED.has(finished.exitCode))
    return {
      state: 'interrupted',
      sentence: `Nothing merged: the run was interrupted.${kept(view)}`,
      next: [resuming(view)],
    };
  if (finished.exitCode !== 0) return failedOutcome(view);
  const idle = [...view.tasks.values()].every((task) => task.status === 'up-to-date');
  if (idle) return { state: 'nothing-to-do', sentence: 'Nothing to do.', next: [] };
  if (changedFiles(view))
    return {
      state: 'ready',
      sentence: 'Nothing merged: the run ended without a merge. The result is kept.',
      next: [merging(view), reviewing(view)],
    };
  return UNCHANGED;
}

/** Takes a view; gives how many tasks are in each state, in the order in which states matter to a reader. */
export function countStates(view: RunView): { status: TaskStatus; count: number }[] {
  const order: TaskStatus[] = [
    'failed',
    'running',
    'retrying',
    'ready',
    'waiting',
    'succeeded',
    'up-to-date',
    'skipped',
    'cancelled',
  ];
  const counts = new Map<TaskStatus, number>();
  for (const task of view.tasks.values()) counts.set(task.status, (counts.get(task.status) ?? 0) + 1);
  return order.flatMap((status) => (counts.has(status) ? [{ status, count: counts.get(status)! }] : []));
}

function mergeOutcome(view: RunView, state: 'merged' | 'refused' | 'declined' | 'waiting'): Outcome {
  const merge = view.merge!;
  const because = merge.reason ? `: ${oneLine(merge.reason).replace(/\.$/, '')}` : '';
  switch (state) {
    case 'merged': {
      if (merge.count === 0 && !merge.ref) {
        if (!changedFiles(view)) return UNCHANGED;
        return {
          state: 'merged',
          sentence: 'Nothing to write: the working tree holds the result already.',
          next: [],
        };
      }
      const ref = merge.ref ? ` onto ${sanitize(merge.ref.replace(/^refs\/heads\//, ''))}` : '';
      const commit = merge.commit ? ` (${sanitize(merge.commit.slice(0, 10))})` : '';
      return { state: 'merged', sentence: `Merged ${count(merge.count, 'file')}${ref}${commit}.`, next: [] };
    }
    case 'waiting':
      return {
        state: 'ready',
        sentence: `Nothing merged yet${because}. ${count(merge.count, 'file')} ready.`,
        next: [merging(view), reviewing(view)],
      };
    case 'declined':
      return {
        state: 'declined',
        sentence: `Nothing merged: ${because ? because.slice(2) : 'declined'}. The result is kept.`,
        next: [merging(view), reviewing(view)],
      };
    case 'refused': {
      const where = merge.paths.length > 0 ? ` (${listed(merge.paths.map(sanitize), 5)})` : '';
      const why = because ? because.slice(2) : 'the working tree changed meanwhile';
      return {
        state: 'refused',
        sentence: `Nothing merged: ${why}${where}. The result is kept.`,
        next: [merging(view, 'try again once that is settled'), reviewing(view)],
      };
    }
    default:
      return state satisfies never;
  }
}

function failedOutcome(view: RunView): Outcome {
  const tasks = [...view.tasks.values()];
  const failed = tasks.filter((task) => task.status === 'failed').map((task) => sanitize(task.id));
  const gates = [...view.gates.values()].filter((gate) => gate.status === 'failed');
  const reasons: string[] = [];
  if (failed.length > 0) reasons.push(`${count(failed.length, 'task')} failed (${listed(failed, 5)})`);
  if (gates.length > 0)
    reasons.push(
      `${count(gates.length, 'gate')} failed (${listed(
        gates.map((gate) => sanitize(gate.name)),
        5,
      )})`,
    );
  if (reasons.length === 0) {
    const unfinished = tasks.filter((task) => !isOver(task.status)).length;
    const why = unfinished > 0 ? `${count(unfinished, 'task')} did not finish` : 'the run failed';
    reasons.push(view.finished?.reason ? oneLine(view.finished.reason).replace(/\.$/, '') : why);
  }
  const next = [resuming(view)];
  if (tasks.some((task) => task.status === 'succeeded')) next.push(reviewing(view));
  return {
    state: 'failed',
    sentence: `Nothing merged: ${reasons.join(', ')}.${kept(view)}`,
    next,
  };
}

const UNCHANGED: Outcome = { state: 'unchanged', sentence: 'Nothing to merge: no file changed.', next: [] };

function changedFiles(view: RunView): boolean {
  return [...view.tasks.values()].some((task) => task.status === 'succeeded' && (task.files ?? 0) > 0);
}

/** Says that work is kept only where there is some. */
function kept(view: RunView): string {
  const some = [...view.tasks.values()].some((task) => task.status === 'succeeded');
  return some ? ' Finished tasks are kept.' : '';
}

function resuming(view: RunView) {
  return { command: `forge resume ${sanitize(view.run)}`, why: 'go on with what is not done' };
}

function merging(view: RunView, why = 'merge it') {
  return { command: `forge merge ${sanitize(view.run)}`, why };
}

function reviewing(view: RunView) {
  return { command: `forge diff ${sanitize(view.run)}`, why: 'see what changed' };
}
