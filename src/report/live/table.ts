import { isAbsolute, relative } from 'node:path';
import { type GateView, isOver, type RunView, type TaskStatus, type TaskView } from '../../journal/index.js';
import { withTilde } from '../../util/paths/shown-path.js';
import { count, formatDuration, formatElapsed } from '../../util/text/amounts.js';
import { createPaint, type Paint, type Style } from '../../util/text/paint.js';
import { oneLine, sanitize } from '../../util/text/sanitize.js';
import { cut, displayWidth, pad, padLeft } from '../../util/text/width.js';
import { STATES_IN_ORDER, type Symbols, styleOf, symbolsFor } from '../text/symbols.js';
import { describeTask, gateFailure } from '../text/task-text.js';
import { elapsedOf, progressOf } from './progress.js';

/** How to draw. `columns` is the widest a line may be; `now` is milliseconds since 1970. */
export interface Canvas {
  paint: Paint;
  symbols: Symbols;
  columns: number;
  now: number;
}

/** Options that all renderers for people share; what is missing: 80 columns, Unicode, the time of the last event. */
export interface RenderOptions {
  color: boolean;
  columns?: number;
  unicode?: boolean;
  now?: number;
  /** Whether the process of a run without an end is alive. */
  alive?: boolean;
}

/** What a renderer draws a view with. */
export function canvasFor(view: RunView, options: RenderOptions): Canvas {
  return {
    paint: createPaint(options.color),
    symbols: symbolsFor(options.unicode ?? true),
    columns: options.columns ?? 80,
    now: options.now ?? view.lastAt ?? 0,
  };
}

/**
 * The live screen: header, tasks, progress, gates as they run, merge. Never more than `rows` lines, however many tasks and
 * gates there are.
 */
export function renderFrame(view: RunView, canvas: Canvas, rows: number): string[] {
  if (view.startedAt === undefined && view.tasks.size === 0) return [];
  const gates = [...view.gates.values()].filter((gate) => gate.status !== 'waiting');
  const shown = gates.slice(gates.length - Math.max(0, Math.min(gates.length, Math.floor(rows / 3))));
  const below = [progressLine(view, canvas), ...shown.map((gate) => gateLine(gate, canvas))];
  if (view.merge?.state === 'running') {
    const { cut: mark } = canvas.symbols;
    below.push(cut(`Merging ${count(view.merge.count, 'file')}${mark}`, canvas.columns, mark));
  }
  const tasks = fittedRows(view, canvas, Math.max(1, rows - below.length - 1));
  return [headerLine(view, canvas), ...tasks, ...below].slice(-rows);
}

/** What runs, where and how. */
export function headerLine(view: RunView, { columns, paint, symbols }: Canvas): string {
  const rest = [sanitize(asTyped(view.plan)), count(view.tasks.size, 'task'), `${view.concurrency} at once`];
  const reason = view.backendReason ? ` (${oneLine(view.backendReason)})` : '';
  if (view.root) rest.unshift(sanitize(withTilde(view.root)));
  if (view.backend) rest.push(sanitize(view.backend) + reason);
  const name = cut(sanitize(view.name), columns, symbols.cut);
  const about = rest.map((text) => ` ${symbols.dot} ${text}`).join('');
  return paint('bold', name) + paint('dim', cut(about, columns - displayWidth(name), symbols.cut));
}

/** A row for each task in the order given: mark, name, (state,) time, files, last word, none wider than the canvas. */
export function taskRows(tasks: readonly TaskView[], canvas: Canvas, withState = false): string[] {
  const { columns, symbols, now } = canvas;
  const names = tasks.map((task) => sanitize(task.id));
  const nameWidth = Math.min(widest(names), Math.max(8, Math.floor(columns * 0.35)));
  const times = tasks.map((task) => timeText(task, now));
  const timeWidth = widest(times);
  const files = tasks.map(({ files, attempt }) =>
    files === undefined || attempt === 0 ? '' : count(files, 'file'),
  );
  const filesWidth = widest(files);
  return tasks.map((task, index) => {
    const style = styleOf(task.status);
    const text = describeTask(task, now);
    return line(canvas, [
      [symbols.mark(task.status), style],
      [` ${pad(cut(names[index]!, nameWidth, symbols.cut), nameWidth)}`, 'bold'],
      [withState ? `  ${pad(task.status, 10)}` : '', style],
      [timeWidth > 0 ? `  ${padLeft(times[index]!, timeWidth)}` : ''],
      [filesWidth > 0 ? `  ${padLeft(files[index]!, filesWidth)}` : ''],
      [text ? `  ${text}` : '', task.status === 'failed' || task.last?.error ? 'red' : 'dim'],
    ]);
  });
}

/** As many rows as there is room for, for the tasks that matter most (in plan order), and one that counts the others. */
export function fittedRows(view: RunView, canvas: Canvas, rows: number): string[] {
  const tasks = [...view.tasks.values()];
  if (tasks.length <= rows) return taskRows(tasks, canvas);
  const rank = (task: TaskView) => STATES_IN_ORDER.indexOf(task.status);
  const shown = new Set([...tasks].sort((a, b) => rank(a) - rank(b)).slice(0, Math.max(0, rows - 1)));
  const hidden = new Map<TaskStatus, number>();
  for (const task of tasks) if (!shown.has(task)) hidden.set(task.status, (hidden.get(task.status) ?? 0) + 1);
  const parts = Array.from(hidden, ([status, number]) => `${number} ${status}`);
  const more = `+ ${tasks.length - shown.size} more: ${parts.join(', ')}`;
  return [
    ...taskRows(
      tasks.filter((task) => shown.has(task)),
      canvas,
    ),
    line(canvas, [[more, 'dim']]),
  ];
}

/** `Progress: ████████░░ 82% (5/7 tasks), about 3m10s left`, or `82% (203/247 files)` while only tasks with `split` run. */
export function progressLine(view: RunView, canvas: Canvas): string {
  const { done, total, fraction, remainingMs, files } = progressOf(view, canvas.now);
  const { full, empty } = canvas.symbols;
  const tenths = Math.floor(fraction * 10);
  const left = remainingMs === undefined ? '' : `, about ${formatElapsed(remainingMs + 999)} left`;
  const of = files ? `${files.done}/${count(files.total, 'file')}` : `${done}/${count(total, 'task')}`;
  return line(canvas, [
    ['Progress: '],
    [full.repeat(tenths) + empty.repeat(10 - tenths), 'green'],
    [` ${Math.floor(fraction * 100)}% (${of})${left}`],
  ]);
}

/** `✓ tests 1.2s` or `✗ tests failed with exit code 1 after 1.2s`. */
export function gateLine(gate: GateView, canvas: Canvas): string {
  const { symbols, now } = canvas;
  const name = sanitize(gate.name);
  switch (gate.status) {
    case 'waiting':
      return line(canvas, [[`${symbols.mark('waiting')} ${name}`, 'dim']]);
    case 'running': {
      const time = formatElapsed(now - (gate.startedAt ?? now));
      return line(canvas, [[symbols.mark('running'), 'cyan'], [` ${name} ${time}`]]);
    }
    case 'passed':
      return line(canvas, [
        [symbols.mark('succeeded'), 'green'],
        [` ${name} ${formatDuration(gate.ms ?? 0)}`],
      ]);
    case 'failed':
      return line(canvas, [[symbols.mark('failed'), 'red'], [` ${name} ${gateFailure(gate)}`]]);
    default:
      return gate.status satisfies never;
  }
}

function timeText(task: TaskView, now: number): string {
  if (isOver(task.status)) return task.ms && task.attempt > 0 ? formatDuration(task.ms) : '';
  return task.status === 'running' ? formatElapsed(elapsedOf(task, now)) : '';
}

function widest(texts: readonly string[]): number {
  return Math.max(0, ...texts.map(displayWidth));
}

/** A line of styled pieces, cut where the canvas ends: once something was cut, nothing follows it. */
function line({ columns, symbols, paint }: Canvas, pieces: readonly [text: string, style?: Style][]): string {
  let room = columns;
  let drawn = '';
  for (const [text, style] of pieces) {
    const fitting = cut(text, room, symbols.cut);
    room = fitting === text ? room - displayWidth(text) : 0;
    drawn += style ? paint(style, fitting) : fitting;
  }
  return drawn.trimEnd();
}

/** A path as a person here would write it: relative where it lies below the current folder. */
function asTyped(path: string): string {
  const short = relative(process.cwd(), path);
  return short === '' || short.startsWith('..') || isAbsolute(short) ? path : short;
}
