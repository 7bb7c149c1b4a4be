import type { RunView } from '../../journal/index.js';
import { formatElapsed } from '../../util/text/duration.js';
import { sanitize } from '../../util/text/sanitize.js';
import {
  canvasFor,
  gateLine,
  headerLine,
  progressLine,
  type RenderOptions,
  taskRows,
} from '../live/table.js';
import { outcomeOf } from './outcome.js';
import { settled } from './settled.js';
import { renderSummary } from './summary.js';

/** Takes a view and options (`now` for times, `alive` for a run without an end); gives what `forge status` prints: where the run stands, every task, gates, and how to go on. */
export function renderStatus(run: RunView, options: RenderOptions): string {
  const { state } = outcomeOf(run, options.alive);
  const view = state === 'running' ? run : settled(run);
  const canvas = canvasFor(view, options);
  const { paint, now } = canvas;
  const started = view.startedAt ?? now;
  const running =
    state === 'running' ? ` for ${formatElapsed(now - started)} (process ${view.pid ?? '?'})` : '';
  const lines = [
    headerLine(view, canvas),
    `Run ${paint('bold', sanitize(view.run))}: ${state.replaceAll('-', ' ')}${running}`,
    '',
    ...taskRows([...view.tasks.values()], canvas, true),
  ];
  if (view.gates.size > 0) lines.push('', 'Gates:');
  for (const gate of view.gates.values()) lines.push(gateLine(gate, canvas));
  lines.push('');
  if (state === 'running') lines.push(progressLine(view, canvas));
  return `${lines.join('\n')}\n${state === 'running' ? '' : renderSummary(view, options)}`;
}
