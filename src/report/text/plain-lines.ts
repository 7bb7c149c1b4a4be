import type { ForgeEvent, RunView, TaskView } from '../../journal/index.js';
import { withTilde } from '../../util/paths/shown-path.js';
import { count, formatDuration, shortened } from '../../util/text/amounts.js';
import type { Paint, Style } from '../../util/text/paint.js';
import { oneLine, outputLine, outputLines, sanitize } from '../../util/text/sanitize.js';
import { outcomeOf } from './outcome.js';
import { styleOf } from './symbols.js';
import { gateFailure, lockText, whyFailed } from './task-text.js';

/** How plain lines are written. */
export interface PlainOptions {
  paint: Paint;
  /** Print what agents and commands print and say, line by line. */
  verbose: boolean;
  /** Print the last lines of output of a task that failed. */
  tails: boolean;
}

/** Strays named one by one when a task fails. */
const MOST_STRAYS = 10;

/** The plain lines for an event (often none), with the view after it. */
export function plainLines(event: ForgeEvent, view: RunView, options: PlainOptions): string[] {
  const { paint, verbose } = options;
  const say = (who: string, text: string, style: Style = 'bold') => [
    `${paint(style, `${sanitize(who)}:`)} ${text}`,
  ];
  switch (event.type) {
    case 'run.started': {
      const reason = event.backendReason ? ` (${oneLine(event.backendReason)})` : '';
      const where = `${sanitize(event.name)} in ${sanitize(withTilde(event.root))}`;
      const how = `${count(event.tasks.length, 'task')}, ${event.concurrency} at once, on ${sanitize(event.backend)}`;
      const verb = event.resumed ? 'resuming' : 'running';
      return say('forge', `${verb} ${where}, ${how}${reason}, run ${sanitize(event.run)}`);
    }
    case 'task.ready':
    case 'attempt.progress':
    case 'agent.usage':
    case 'run.finished':
      return [];
    case 'task.waiting':
      return say(event.task, lockText(event.locks, event.holders));
    case 'attempt.started':
      return say(event.task, event.attempt === 1 ? 'started' : `attempt ${event.attempt} started`);
    case 'attempt.output':
      if (!verbose) return [];
      return outputLines(event.text).map((line) => piped(event.task, outputLine(line), paint));
    case 'agent.message':
      return verbose ? [piped(event.task, oneLine(event.text), paint)] : [];
    case 'agent.tool': {
      if (!verbose) return [];
      const summary = event.summary ? `: ${oneLine(event.summary)}` : '';
      const failed = event.error ? ' (failed)' : '';
      return [piped(event.task, `[${sanitize(event.tool)}]${summary}${failed}`, paint)];
    }
    case 'attempt.finished': {
      if (!event.retry) return [];
      const wait = event.waitMs === undefined ? '' : ` in ${formatDuration(event.waitMs)}`;
      const what = `attempt ${event.attempt} failed after ${formatDuration(event.ms)}: ${whyFailed(event)}`;
      return say(event.task, `${what}; trying again${wait}`, 'yellow');
    }
    case 'task.finished':
      if (event.state === 'failed') return failureLines(view.tasks.get(event.task)!, options);
      return say(event.task, endText(event, event.state), styleOf(event.state));
    case 'gate.started':
      return say(`gate ${event.name}`, 'started');
    case 'gate.finished': {
      const gate = `gate ${event.name}`;
      if (event.ok) return say(gate, `passed in ${formatDuration(event.ms)}`, 'green');
      const log = view.gates.get(event.name)?.log;
      return say(gate, `${gateFailure(event)}${log ? `; its output is in ${sanitize(log)}` : ''}`, 'red');
    }
    case 'merge.started':
      return say('merge', `writing ${count(event.paths, 'file')}`);
    case 'merge.finished': {
      const style = event.state === 'merged' ? 'green' : 'yellow';
      return say('merge', lowerFirst(outcomeOf(view).sentence), style);
    }
    default:
      event satisfies never;
      return [];
  }
}

/** What to show of a failed task: why it failed, what it changed outside what it owns, the last lines it printed, and where the rest is. */
export function failureLines(
  task: TaskView,
  { paint, tails }: Pick<PlainOptions, 'paint' | 'tails'>,
): string[] {
  const id = sanitize(task.id);
  const say = (text: string) => `${paint('red', `${id}:`)} ${text}`;
  const tries = task.attempt > 1 ? ` (${count(task.attempt, 'attempt')})` : '';
  const strays = (task.strays ?? []).map((path) => `outside what it owns: ${sanitize(path)}`);
  const lines = [
    `failed after ${formatDuration(task.ms ?? 0)}${tries}: ${whyFailed(task)}`,
    ...shortened(strays, MOST_STRAYS, (more) => `and ${more} more outside what it owns`),
  ].map(say);
  if (!tails || task.tail.length === 0) return lines;
  lines.push(...task.tail.map((line) => piped(task.id, line, paint)));
  if (task.log) lines.push(say(`its whole output is in ${sanitize(task.log)}`));
  return lines;
}

type TaskFinished = Extract<ForgeEvent, { type: 'task.finished' }>;

function endText(event: TaskFinished, state: Exclude<TaskFinished['state'], 'failed'>): string {
  switch (state) {
    case 'succeeded': {
      const files = event.changes === 0 ? 'no changes' : count(event.changes, 'file');
      const tries = event.attempts > 1 ? ` (attempt ${event.attempts})` : '';
      return `succeeded in ${formatDuration(event.ms)}${tries}, ${files}`;
    }
    case 'skipped':
    case 'cancelled':
      return `${state}${event.reason ? `: ${oneLine(event.reason)}` : ''}`;
    case 'up-to-date':
      return 'up to date';
    default:
      return state satisfies never;
  }
}

function piped(task: string, line: string, paint: Paint): string {
  return `${paint('dim', `${sanitize(task)} |`)} ${line}`.trimEnd();
}

function lowerFirst(sentence: string): string {
  return sentence.slice(0, 1).toLowerCase() + sentence.slice(1).replace(/\.$/, '');
}
