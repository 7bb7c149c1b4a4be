import type { RunView } from '../../journal/index.js';
import { count } from '../../util/text/count.js';
import { cut } from '../../util/text/width.js';
import { type Canvas, fittedRows, gateLine, headerLine, progressLine } from './table.js';

/**
 * Takes a view, a canvas and the rows of the terminal; gives the lines of the live screen: header, tasks, progress,
 * gates as they run, merge. Never more than `rows`, however many tasks and gates there are.
 */
export function renderFrame(view: RunView, canvas: Canvas, rows: number): string[] {
  if (view.startedAt === undefined && view.tasks.size === 0) return [];
  const below = [progressLine(view, canvas), ...mergeLine(view, canvas)];
  const gates = [...view.gates.values()].filter((gate) => gate.status !== 'waiting');
  const roomForGates = Math.max(0, Math.min(gates.length, Math.floor(rows / 3)));
  below.splice(1, 0, ...gates.slice(gates.length - roomForGates).map((gate) => gateLine(gate, canvas)));
  const room = Math.max(1, rows - below.length - 1);
  const lines = [headerLine(view, canvas), ...fittedRows(view, canvas, room), ...below];
  return lines.length <= rows ? lines : lines.slice(lines.length - rows);
}

function mergeLine(view: RunView, { columns, symbols }: Canvas): string[] {
  if (view.merge?.state !== 'running') return [];
  return [cut(`Merging ${count(view.merge.count, 'file')}${symbols.cut}`, columns, symbols.cut)];
}
