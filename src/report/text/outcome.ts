import { isOver, type RunView } from '../../journal/index.js';
import { ExitCode } from '../../util/errors.js';
import { count, listed } from '../../util/text/amounts.js';
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
export interface RunOutcome {
  state: RunState;
  sentence: string;
  next: { command: string; why: string }[];
}

/** Exit codes of a run that was ended by SIGINT or SIGTERM. */
const INTERRUPTED: readonly number[] = [ExitCode.interrupted, ExitCode.terminated];

/** What became of a run. `alive`: whether the process of one without an end is (unknown = yes). */
export function outcomeOf(view: RunView, alive = true): RunOutcome {
  const { merge, finished } = view;
  if (merge && merge.state !== 'running') return mergeOutcome(view, merge.state);
  if (merge && finished?.exitCode === ExitCode.halfWritten)
    return {
      state: 'interrupted',
      sentence: 'The merge is half written; the next forge command finishes it.',
      next: [goOn('status', view, 'finish it')],
    };
  // Every command that looks at a run finishes a merge that had written something first.
  if (merge && (finished || !alive))
    return {
      state: 'interrupted',
      sentence: 'Nothing merged: the merge was interrupted before it wrote anything. The result is kept.',
      next: [merging(view)],
    };
  if (!finished && alive) return { state: 'running', sentence: '', next: [] };
  if (!finished || INTERRUPTED.includes(finished.exitCode))
    return {
      state: 'interrupted',
      sentence: `Nothing merged: ${finished ? 'the run was interrupted' : 'forge ended before the run did'}.${kept(view)}`,
      next: [resuming(view)],
    };
  if (finished.exitCode !== 0) return failedOutcome(view);
  const idle = [...view.tasks.values()].every((task) => task.status === 'up-to-date');
  if (idle) return { state: 'nothing-to-do', sentence: 'Nothing to do.', next: [] };
  if (!changedFiles(view)) return UNCHANGED;
  return {
    state: 'ready',
    sentence: 'Nothing merged: the run ended without a merge. The result is kept.',
    next: [merging(view), reviewing(view)],
  };
}

function mergeOutcome(view: RunView, state: 'merged' | 'refused' | 'declined' | 'waiting'): RunOutcome {
  const { count: files, paths, ref, commit, reason } = view.merge!;
  const because = reason && withoutPeriod(oneLine(reason));
  switch (state) {
    case 'merged': {
      if (files === 0 && !ref) {
        if (!changedFiles(view)) return UNCHANGED;
        return { state, sentence: 'Nothing to write: the working tree holds the result already.', next: [] };
      }
      const onto = ref ? ` onto ${sanitize(ref.replace(/^refs\/heads\//, ''))}` : '';
      const as = commit ? ` (${sanitize(commit.slice(0, 10))})` : '';
      return { state, sentence: `Merged ${count(files, 'file')}${onto}${as}.`, next: [] };
    }
    case 'waiting':
      return {
        state: 'ready',
        sentence: `Nothing merged yet${because ? `: ${because}` : ''}. ${count(files, 'file')} ready.`,
        next: [merging(view), reviewing(view)],
      };
    case 'declined':
      return {
        state,
        sentence: `Nothing merged: ${because || 'declined'}. The result is kept.`,
        next: [merging(view), reviewing(view)],
      };
    case 'refused': {
      const where = paths.length > 0 ? ` (${listed(paths.map(sanitize), 5)})` : '';
      return {
        state,
        sentence: `Nothing merged: ${because || 'the working tree changed meanwhile'}${where}. The result is kept.`,
        next: [merging(view, 'try again once that is settled'), reviewing(view)],
      };
    }
    default:
      return state satisfies never;
  }
}

function failedOutcome(view: RunView): RunOutcome {
  const tasks = [...view.tasks.values()];
  const gates = [...view.gates.values()];
  const failed = {
    task: tasks.filter(({ status }) => status === 'failed').map(({ id }) => sanitize(id)),
    gate: gates.filter(({ status }) => status === 'failed').map(({ name }) => sanitize(name)),
  };
  const reasons = Object.entries(failed)
    .filter(([, names]) => names.length > 0)
    .map(([kind, names]) => `${count(names.length, kind)} failed (${listed(names, 5)})`);
  if (reasons.length === 0) {
    const unfinished = tasks.filter((task) => !isOver(task.status)).length;
    const why = unfinished > 0 ? `${count(unfinished, 'task')} did not finish` : 'the run failed';
    reasons.push(view.finished?.reason ? withoutPeriod(oneLine(view.finished.reason)) : why);
  }
  const next = [resuming(view)];
  if (tasks.some((task) => task.status === 'succeeded')) next.push(reviewing(view));
  return { state: 'failed', sentence: `Nothing merged: ${reasons.join(', ')}.${kept(view)}`, next };
}

const UNCHANGED: RunOutcome = {
  state: 'unchanged',
  sentence: 'Nothing to merge: no file changed.',
  next: [],
};

function changedFiles(view: RunView): boolean {
  return [...view.tasks.values()].some((task) => task.status === 'succeeded' && (task.files ?? 0) > 0);
}

/** Says that work is kept only where there is some. */
function kept(view: RunView): string {
  const some = [...view.tasks.values()].some((task) => task.status === 'succeeded');
  return some ? ' Finished tasks are kept.' : '';
}

function withoutPeriod(sentence: string): string {
  return sentence.replace(/\.$/, '');
}

function goOn(command: string, view: RunView, why: string) {
  return { command: `forge ${command} ${sanitize(view.run)}`, why };
}

const resuming = (view: RunView) => goOn('resume', view, 'go on with what is not done');
const merging = (view: RunView, why = 'merge it') => goOn('merge', view, why);
const reviewing = (view: RunView) => goOn('diff', view, 'see what changed');
