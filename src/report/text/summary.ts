import type { RunView, TaskStatus } from '../../journal/index.js';
import { count, formatDuration, shortened } from '../../util/text/amounts.js';
import { createPaint, type Style } from '../../util/text/paint.js';
import { oneLine, sanitize } from '../../util/text/sanitize.js';
import type { RenderOptions } from '../live/table.js';
import { outcomeOf, type RunState } from './outcome.js';
import { STATES_IN_ORDER } from './symbols.js';
import { whyFailed } from './task-text.js';

/** Failed tasks named one by one; the others are counted. */
const MOST_FAILURES = 10;

/** Notes of a merge that are shown. */
const MOST_NOTES = 10;

/** A speed-up smaller than this is noise, not a fact. */
const LEAST_SPEED_UP = 1.1;

/** `failures: false` leaves out the failed tasks where they were shown just before. */
export type SummaryOptions = RenderOptions & { failures?: boolean };

/** The last lines of a run (each ended by a newline): what failed, how long it took, what became of it and, last, how to go on. */
export function renderSummary(view: RunView, options: SummaryOptions): string {
  const paint = createPaint(options.color);
  const outcome = outcomeOf(view, options.alive);
  if (outcome.state === 'nothing-to-do') return `${outcome.sentence}\n`;
  const failed = [...view.tasks.values()].filter((task) => task.status === 'failed');
  const next = outcome.next.map(({ command, why }) => `${paint('bold', command)} (${why})`);
  const lines = [
    ...shortened(
      (options.failures === false ? [] : failed).map((task) =>
        paint('red', `${sanitize(task.id)}: ${whyFailed(task)}`),
      ),
      MOST_FAILURES,
      (more) => `+ ${more} more failed`,
    ),
    totalsLine(view),
    ...extraLines(view),
    paint(OUTCOME_STYLE[outcome.state], outcome.sentence),
    // What a merge that was done has to tell.
    ...shortened(
      (view.merge?.notes ?? []).map((note) => `  ${oneLine(note)}`),
      MOST_NOTES,
      (more) => `  and ${more} more: forge status ${sanitize(view.run)} --json has them all`,
    ),
    next.length > 0 ? `Next: ${next.join(', ')}` : '',
  ];
  return lines.flatMap((line) => (line === '' ? [] : [`${line}\n`])).join('');
}

/** `4 tasks, 6m12s; one after another 21m40s; 3.5x`, the comparison only where attempts really overlapped; '' for a run without tasks. */
export function totalsLine(view: RunView): string {
  if (view.tasks.size === 0) return '';
  const details = [...stateCounts(view), ...(view.kept > 0 ? [`${view.kept} done before`] : [])];
  const detail = details.length > 0 ? ` (${details.join(', ')})` : '';
  const tasks = `${count(view.tasks.size, 'task')}${detail}`;
  if (!view.finished) return tasks;
  const wall = view.finished.ms;
  const speedUp = wall > 0 ? view.attempts.ms / wall : 0;
  const compared =
    view.attempts.count > 1 && speedUp >= LEAST_SPEED_UP
      ? `; one after another ${formatDuration(view.attempts.ms)}; ${speedUp.toFixed(1)}x`
      : '';
  return `${tasks}, ${formatDuration(wall)}${compared}`;
}

/** `1 failed`, `3 succeeded`; nothing where all succeeded. */
function stateCounts(view: RunView): string[] {
  const counts = new Map<TaskStatus, number>();
  for (const { status } of view.tasks.values()) counts.set(status, (counts.get(status) ?? 0) + 1);
  if (counts.get('succeeded') === view.tasks.size) return [];
  return STATES_IN_ORDER.filter((status) => counts.has(status)).map(
    (status) => `${counts.get(status)} ${status}`,
  );
}

const OUTCOME_STYLE: Readonly<Record<RunState, Style>> = {
  running: 'cyan',
  interrupted: 'yellow',
  'nothing-to-do': 'green',
  unchanged: 'green',
  merged: 'green',
  ready: 'yellow',
  declined: 'yellow',
  refused: 'red',
  failed: 'red',
};

function extraLines(view: RunView): string[] {
  const tasks = [...view.tasks.values()];
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
  const dropped = sum(tasks.map((task) => task.dropped ?? 0));
  const input = sum(tasks.map(({ usage }) => usage.inputTokens));
  const output = sum(tasks.map(({ usage }) => usage.outputTokens));
  const lines: string[] = [];
  if (dropped > 0) lines.push(`${count(dropped, 'change')} left out (ignored by git, or not mergeable)`);
  if (input + output > 0)
    lines.push(`${count(input, 'input token')}, ${count(output, 'output token')} used by agents`);
  return lines;
}
