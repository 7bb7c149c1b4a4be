import type { RunView } from '../../journal/index.js';
import { count, firstOf } from '../../util/text/count.js';
import { formatDuration } from '../../util/text/duration.js';
import { createPaint, type Style } from '../../util/text/paint.js';
import { oneLine, sanitize } from '../../util/text/sanitize.js';
import type { RenderOptions } from '../live/table.js';
import { countStates, outcomeOf, type RunState } from './outcome.js';
import { outcomeText } from './task-text.js';

/** Failed tasks named one by one; the others are counted. */
const MOST_FAILURES = 10;

/** Notes of a merge that are shown. */
const MOST_NOTES = 10;

/** A speed-up smaller than this is noise, not a fact. */
const LEAST_SPEED_UP = 1.1;

/** `failures: false` leaves out the failed tasks where they were shown just before. */
export type SummaryOptions = RenderOptions & { failures?: boolean };

/** Takes a view and options; gives the last lines of a run (each ended by a newline): what failed, how long it took, what became of it and, last, how to go on. */
export function renderSummary(view: RunView, options: SummaryOptions): string {
  const paint = createPaint(options.color);
  const outcome = outcomeOf(view, options.alive);
  if (outcome.state === 'nothing-to-do') return `${outcome.sentence}\n`;
  const failed =
    options.failures === false ? [] : [...view.tasks.values()].filter((task) => task.status === 'failed');
  const lines = firstOf(
    failed.map((task) => paint('red', `${sanitize(task.id)}: ${oneLine(task.reason ?? outcomeText(task))}`)),
    MOST_FAILURES,
    (more) => `+ ${more} more failed`,
  );
  const total = totalsLine(view);
  if (total) lines.push(total);
  lines.push(...extraLines(view));
  if (outcome.sentence) lines.push(paint(OUTCOME_STYLE[outcome.state], outcome.sentence));
  lines.push(...mergeNotes(view));
  const next = outcome.next.map(({ command, why }) => `${paint('bold', command)} (${why})`);
  if (next.length > 0) lines.push(`Next: ${next.join(', ')}`);
  return lines.map((line) => `${line}\n`).join('');
}

/** What a merge that was done has to tell, a line each. */
function mergeNotes(view: RunView): string[] {
  return firstOf(
    (view.merge?.notes ?? []).map((note) => `  ${oneLine(note)}`),
    MOST_NOTES,
    (more) => `  and ${more} more: forge status ${sanitize(view.run)} --json has them all`,
  );
}

/** Takes a view; gives `4 tasks, 6m12s; one after another 21m40s; 3.5x`, the comparison only where attempts really overlapped, nothing for a run without tasks. */
export function totalsLine(view: RunView): string {
  if (view.tasks.size === 0) return '';
  const states = countStates(view);
  const mixed = states.length > 1 || states[0]?.status !== 'succeeded';
  const details = mixed ? states.map((state) => `${state.count} ${state.status}`) : [];
  if (view.kept > 0) details.push(`${view.kept} done before`);
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
  const lines: string[] = [];
  let dropped = 0;
  let input = 0;
  let output = 0;
  for (const task of view.tasks.values()) {
    dropped += task.dropped ?? 0;
    input += task.usage.inputTokens;
    output += task.usage.outputTokens;
  }
  if (dropped > 0) lines.push(`${count(dropped, 'change')} left out (ignored by git, or not mergeable)`);
  if (input + output > 0)
    lines.push(`${count(input, 'input token')}, ${count(output, 'output token')} used by agents`);
  return lines;
}
