import type { RunView, TaskView } from '../../journal/index.js';
import { count, formatDuration } from '../../util/text/amounts.js';
import { clip, oneLine } from '../../util/text/sanitize.js';
import { outcomeOf } from '../text/outcome.js';
import { totalsLine } from '../text/summary.js';
import { symbolsFor } from '../text/symbols.js';
import { whyFailed } from '../text/task-text.js';

/** Rows of the table: GitHub refuses a step summary above 1 MiB. */
const MOST_ROWS = 500;

/** The Markdown that GitHub shows on the page of a job. */
export function stepSummary(view: RunView): string {
  const { mark } = symbolsFor(true);
  const { sentence, next } = outcomeOf(view);
  const tasks = [...view.tasks.values()];
  const rows = tasks
    .slice(0, MOST_ROWS)
    .map((task) => [
      `${mark(task.status)} ${task.status}`,
      task.id,
      task.attempt > 0 && task.ms !== undefined ? formatDuration(task.ms) : '',
      task.files === undefined || task.attempt === 0 ? '' : String(task.files),
      noteOf(task),
    ]);
  const lines = [`### forge: ${cell(view.name)}`, ''];
  if (rows.length > 0)
    lines.push(
      '| State | Task | Time | Files | |',
      '| --- | --- | ---: | ---: | --- |',
      ...rows.map((row) => `| ${row.map(cell).join(' | ')} |`),
      '',
    );
  if (tasks.length > MOST_ROWS) lines.push(`and ${count(tasks.length - MOST_ROWS, 'more task')}`, '');
  for (const gate of view.gates.values()) {
    const as = gate.status === 'passed' ? 'succeeded' : gate.status === 'failed' ? 'failed' : 'waiting';
    const state = gate.status === 'waiting' ? 'not run' : gate.status;
    const time = gate.ms === undefined ? '' : `, ${formatDuration(gate.ms)}`;
    lines.push(`- ${mark(as)} gate ${cell(gate.name)}: ${state}${time}`);
  }
  if (view.gates.size > 0) lines.push('');
  const end = [totalsLine(view), sentence].filter((text) => text !== '');
  lines.push(end.map(cell).join('. '), '');
  for (const { command, why } of next) lines.push(`- \`${command}\` (${why})`);
  return `${lines.join('\n')}\n`;
}

function noteOf(task: TaskView): string {
  const note = task.status === 'failed' ? whyFailed(task) : oneLine(task.reason ?? task.description ?? '');
  return clip(note, 200);
}

/** Text from tasks must not become Markdown or HTML. */
function cell(text: string): string {
  return oneLine(text).replace(/[\\`*_{}[\]<>|#~&]/g, (character) =>
    character === '<' ? '&lt;' : character === '&' ? '&amp;' : `\\${character}`,
  );
}
