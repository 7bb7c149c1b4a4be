import { isAbsolute, relative } from 'node:path';
import { type GateView, isOver, type RunView, type TaskStatus, type TaskView } from '../../journal/index.js';
import { withTilde } from '../../util/paths/tilde.js';
import { count } from '../../util/text/count.js';
import { formatDuration, formatElapsed } from '../../util/text/duration.js';
import { createPaint, type Paint, type Style } from '../../util/text/paint.js';
import { oneLine, sanitize } from '../../util/text/sanitize.js';
import { cut, displayWidth, pad, padLeft } from '../../util/text/width.js';
import { type Symbols, symbolsFor } from '../text/symbols.js';
import { describeTask } from '../text/task-text.js';
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

/** Takes a view and the options of a renderer; gives what to draw with. */
export function canvasFor(view: RunView, options: RenderOptions): Canvas {
  return {
    paint: createPaint(options.color),
    symbols: symbolsFor(options.unicode ?? true),
    columns: options.columns ?? 80,
    now: options.now ?? view.lastAt ?? 0,
  };
}

const STYLES: Readonly<Record<TaskStatus, Style>> = {
  waiting: 'dim',
  ready: 'dim',
  running: 'cyan',
  retrying: 'yellow',
  succeeded: 'green',
  failed: 'red',
  skipped: 'yellow',
  cancelled: 'yellow',
  'up-to-date': 'green',
};

/** Takes a task status; gives the style it is shown in. */
export function styleOf(status: TaskStatus): Style {
  return STYLES[status];
}

/** Takes a view; gives the line that says what runs, where and how. */
export function headerLine(view: RunView, { columns, paint, symbols }: Canvas): string {
  const rest = [sanitize(asTyped(view.plan)), count(view.tasks.size, 'task'), `${view.concurrency} at once`];
  const reason = view.backendReason ? ` (${oneLine(view.backendReason)})` : '';
  if (view.root) rest.unshift(sanitize(withTilde(view.root)));
  if (view.backend) rest.push(sanitize(view.backend) + reason);
  const name = cut(sanitize(view.name), columns, symbols.cut);
  const room = columns - displayWidth(name);
  return (
    paint('bold', name) +
    paint('dim', cut(` ${symbols.dot} ${rest.join(` ${symbols.dot} `)}`, room, symbols.cut))
  );
}

/** Takes tasks in the order to show them; gives a row each: mark, name, (state,) time, files, last word, none wider than the canvas. */
export function taskRows(tasks: readonly TaskView[], canvas: Canvas, withState = false): string[] {
  const { columns, symbols, paint, now } = canvas;
  const names = tasks.map((task) => sanitize(task.id));
  const nameWidth = Math.min(
    Math.max(0, ...names.map(displayWidth)),
    Math.max(8, Math.floor(columns * 0.35)),
  );
  const times = tasks.map((task) => timeText(task, now));
  const timeWidth = Math.max(0, ...times.map(displayWidth));
  const files = tasks.map((task) =>
    task.files === undefined || task.attempt === 0 ? '' : count(task.files, 'file'),
  );
  const filesWidth = Math.max(0, ...files.map(displayWidth));
  return tasks.map((task, index) => {
    const line = new Line(canvas);
    line.add(symbols.task[task.status], styleOf(task.status));
    line.add(` ${pad(cut(names[index]!, nameWidth, symbols.cut), nameWidth)}`, 'bold');
    if (withState) line.add(`  ${pad(task.status, 10)}`, styleOf(task.status));
    if (timeWidth > 0) line.add(`  ${padLeft(times[index]!, timeWidth)}`);
    if (filesWidth > 0) line.add(`  ${padLeft(files[index]!, filesWidth)}`);
    const text = describeTask(task, now);
    if (text) line.add(`  ${text}`, task.status === 'failed' || task.last?.error ? 'red' : 'dim');
    return line.text(paint);
  });
}

/** Takes a view and how many rows there are; gives rows for the tasks that matter most (failed and running first, all in plan order where they fit) and one that counts the others. */
export function fittedRows(view: RunView, canvas: Canvas, rows: number, withState = false): string[] {
  const tasks = [...view.tasks.values()];
  if (tasks.length <= rows) return taskRows(tasks, canvas, withState);
  const shown = new Set(
    [...tasks].sort((a, b) => RANK[a.status] - RANK[b.status]).slice(0, Math.max(0, rows - 1)),
  );
  const hidden = new Map<TaskStatus, number>();
  for (const task of tasks) if (!shown.has(task)) hidden.set(task.status, (hidden.get(task.status) ?? 0) + 1);
  const parts = [...hidden].map(([status, number]) => `${number} ${status}`);
  const more = cut(
    `+ ${tasks.length - shown.size} more: ${parts.join(', ')}`,
    canvas.columns,
    canvas.symbols.cut,
  );
  return [
    ...taskRows(
      tasks.filter((task) => shown.has(task)),
      canvas,
      withState,
    ),
    canvas.paint('dim', more),
  ];
}

const RANK: Readonly<Record<TaskStatus, number>> = {
  failed: 0,
  running: 1,
  retrying: 2,
  ready: 3,
  waiting: 4,
  succeeded: 5,
  skipped: 6,
  cancelled: 6,
  'up-to-date': 7,
};

/** Takes a view; gives `Progress: ████████░░ 82% (5/7 tasks), about 3m10s left`, or `82% (203/247 files)` while only tasks with `split` run. */
export function progressLine(view: RunView, { columns, paint, symbols, now }: Canvas): string {
  const { done, total, fraction, remainingMs, files } = progressOf(view, now);
  const full = Math.floor(fraction * 10);
  const bar = symbols.full.repeat(full) + symbols.empty.repeat(10 - full);
  const left = remainingMs === undefined ? '' : `, about ${formatElapsed(remainingMs + 999)} left`;
  const of = files ? `${files.done}/${count(files.total, 'file')}` : `${done}/${count(total, 'task')}`;
  const after = ` ${Math.floor(fraction * 100)}% (${of})${left}`;
  const line = new Line({ columns, paint, symbols, now });
  line.add('Progress: ');
  line.add(bar, 'green');
  line.add(after);
  return line.text(paint);
}

/** Takes a gate; gives `✓ tests 1.2s` or `✗ tests failed with exit code 1 after 1.2s`. */
export function gateLine(gate: GateView, canvas: Canvas): string {
  const { symbols, now, paint } = canvas;
  const line = new Line(canvas);
  const name = sanitize(gate.name);
  switch (gate.status) {
    case 'waiting':
      line.add(`${symbols.pending} ${name}`, 'dim');
      break;
    case 'running':
      line.add(symbols.running, 'cyan');
      line.add(` ${name} ${formatElapsed(now - (gate.startedAt ?? now))}`);
      break;
    case 'passed':
      line.add(symbols.passed, 'green');
      line.add(` ${name} ${formatDuration(gate.ms ?? 0)}`);
      break;
    case 'failed':
      line.add(symbols.failed, 'red');
      line.add(` ${name} ${gateFailure(gate)}`);
      break;
    default:
      return gate.status satisfies never;
  }
  return line.text(paint);
}

/** Takes a failed gate; gives how it failed in words. */
export function gateFailure(gate: Pick<GateView, 'exitCode' | 'ms'>): string {
  const how = typeof gate.exitCode === 'number' ? `failed with exit code ${gate.exitCode}` : 'was ended';
  return `${how} after ${formatDuration(gate.ms ?? 0)}`;
}

function timeText(task: TaskView, now: number): string {
  if (isOver(task.status)) return task.ms && task.attempt > 0 ? formatDuration(task.ms) : '';
  return task.status === 'running' ? formatElapsed(elapsedOf(task, now)) : '';
}

/** Styled pieces of one line, cut where the canvas ends. */
class Line {
  readonly #canvas: Canvas;
  readonly #parts: { text: string; style?: Style }[] = [];
  #room: number;

  constructor(canvas: Canvas) {
    this.#canvas = canvas;
    this.#room = canvas.columns;
  }

  add(text: string, style?: Style): void {
    const fitting = cut(text, this.#room, this.#canvas.symbols.cut);
    // Once something was cut, nothing follows it.
    this.#room = fitting === text ? this.#room - displayWidth(text) : 0;
    this.#parts.push({ text: fitting, style });
  }

  text(paint: Paint): string {
    return this.#parts
      .map(({ text, style }) => (style ? paint(style, text) : text))
      .join('')
      .trimEnd();
  }
}

/** A path as a person here would write it: relative where it lies below the current folder. */
function asTyped(path: string): string {
  const short = relative(process.cwd(), path);
  return short === '' || short.startsWith('..') || isAbsolute(short) ? path : short;
}
