import { clip, oneLine, outputLine, outputLines } from '../util/text/sanitize.js';
import type { AttemptOutcome, EventBody, ForgeEvent, TaskState } from './event.js';

/** What a task is doing. `retrying`: an attempt failed and another one follows. */
export type TaskStatus = 'waiting' | 'ready' | 'running' | 'retrying' | TaskState;

/** The last thing an agent said or did, or the last line a command printed: one safe line. */
export interface LastWord {
  kind: 'said' | 'did' | 'output';
  text: string;
  error?: boolean;
}

type Body<T extends EventBody['type']> = Extract<EventBody, { type: T }>;

/**
 * One task as the events so far describe it: how it was announced, and how far it has come. Times of day are milliseconds
 * since 1970, durations milliseconds.
 */
export interface TaskView extends Planned {
  status: TaskStatus;
  /** The current or last attempt; 0 before the first. */
  attempt: number;
  /** Start of the first attempt of this session. */
  startedAt?: number;
  attemptStartedAt?: number;
  /** What `task.finished` says it took. */
  ms?: number;
  /** Files changed so far, then what the changeset holds. */
  files?: number;
  /** How many of `filesTotal` it has changed. */
  filesDone?: number;
  dropped?: number;
  last?: LastWord;
  waitingFor?: { locks: readonly string[]; holders: readonly string[] };
  /** Why the last attempt or the task did not succeed. */
  reason?: string;
  outcome?: AttemptOutcome;
  /** When a rate-limited attempt is tried again. */
  retryAt?: number;
  strays?: readonly string[];
  log?: string;
  /** The last lines that the current attempt printed, safe to print. */
  tail: string[];
  usage: { inputTokens: number; outputTokens: number; turns: number };
}

type Planned = Body<'run.started'>['tasks'][number];

/** One gate as the events so far describe it. */
export interface GateView {
  name: string;
  status: 'waiting' | 'running' | 'passed' | 'failed';
  startedAt?: number;
  ms?: number;
  exitCode?: number | null;
  log?: string;
}

/** The merge: `running` between its two events, then what the second of them says. */
interface MergeView extends Omit<Body<'merge.finished'>, 'type' | 'state'> {
  state: 'running' | Body<'merge.finished'>['state'];
  /** Paths announced, then paths written (or in conflict). */
  count: number;
}

/** A run folded from its events. A session is what one forge process did of it; `resume` begins another. */
export interface RunView
  extends Pick<Body<'run.started'>, 'plan' | 'name' | 'root' | 'backend' | 'backendReason' | 'concurrency'> {
  run: string;
  /** Number of the latest event. */
  lastSeq: number;
  pid?: number;
  resumed: boolean;
  /** Start of the session. */
  startedAt?: number;
  /** Time of the latest event. */
  lastAt?: number;
  tasks: Map<string, TaskView>;
  gates: Map<string, GateView>;
  merge?: MergeView;
  /** Tasks that were done when the session began. */
  kept: number;
  /** Attempts that ended in this session, and the sum of their times. */
  attempts: { count: number; ms: number };
  finished?: Omit<Body<'run.finished'>, 'type'>;
  /** The logs of every attempt of a task, in all sessions, oldest first; of a gate, the one there is. */
  logs: Map<string, string[]>;
  /** How long a task took when it last succeeded, in whatever session. */
  took: Map<string, number>;
}

/** Lines of output kept per task, and characters kept of a line or message: what reports show, whatever agents print. */
const TAIL_LINES = 20;
const TEXT_LENGTH = 500;

/** The reason that `forge abort` gives for ending a run that waits for its merge. */
export const GIVEN_UP = 'given up with forge abort';

/** Whether all of a run is merged: there is nothing to resume, merge or abort. */
export function isMerged({ merge }: RunView): boolean {
  return merge?.state === 'merged';
}

/** Whether a run was given up by `forge abort`, and nobody has gone on with it since. */
export function isGivenUp({ merge }: RunView): boolean {
  return merge?.state === 'declined' && merge.reason === GIVEN_UP;
}

/** The tasks whose results are kept, in topological order. */
export function doneTasks({ tasks }: RunView): string[] {
  return [...tasks.values()].filter(({ status }) => isDone(status)).map(({ id }) => id);
}

function isDone(status: TaskStatus): boolean {
  return status === 'succeeded' || status === 'up-to-date';
}

/** Folds events in journal order. Missing ones (a torn journal) leave gaps, never errors. */
export function foldEvents(events: Iterable<ForgeEvent>): RunView {
  const view: RunView = {
    run: '',
    lastSeq: 0,
    plan: '',
    name: '',
    root: '',
    backend: '',
    concurrency: 0,
    resumed: false,
    tasks: new Map(),
    gates: new Map(),
    kept: 0,
    attempts: { count: 0, ms: 0 },
    logs: new Map(),
    took: new Map(),
  };
  for (const event of events) applyEvent(view, event);
  return view;
}

/** Whether a task has ended. */
export function isOver(status: TaskStatus): status is TaskState {
  return !(status === 'waiting' || status === 'ready' || status === 'running' || status === 'retrying');
}

/**
 * The reducer: brings a view up to date with one event. No clock and no I/O, so live and replayed runs look the
 * same. It changes the view it is given: a copy of a thousand tasks per event would make long runs quadratic.
 */
export function applyEvent(view: RunView, event: ForgeEvent): void {
  const at = Date.parse(event.at);
  view.lastAt = at;
  view.run = event.run;
  view.lastSeq = event.seq;
  if ('task' in event) applyToTask(view, taskOf(view, event.task), event, at);
  else applyToRun(view, event, at);
}

function applyToRun(view: RunView, event: Exclude<EventBody, { task: string }>, at: number): void {
  switch (event.type) {
    case 'run.started':
      startSession(view, event, at);
      return;
    case 'gate.started':
      view.logs.set(event.name, [event.log]);
      view.gates.set(event.name, { name: event.name, status: 'running', startedAt: at, log: event.log });
      return;
    case 'gate.finished':
      view.gates.set(event.name, {
        ...view.gates.get(event.name),
        name: event.name,
        status: event.ok ? 'passed' : 'failed',
        exitCode: event.exitCode,
        ms: event.ms,
      });
      return;
    case 'merge.started':
      view.merge = { state: 'running', count: event.paths, paths: [] };
      return;
    case 'merge.finished': {
      // What is in the tree is in the tree, whatever failed after that.
      if (isMerged(view)) return;
      const { state, paths, reason, notes, displaced, ref, commit } = event;
      view.merge = { state, count: paths.length, paths, reason, notes, displaced, ref, commit };
      return;
    }
    case 'run.finished':
      view.finished = { exitCode: event.exitCode, ms: event.ms, reason: event.reason };
      return;
    default:
      // A journal written by a newer forge may hold types unknown here: they change nothing.
      event satisfies never;
  }
}

/** A new session keeps what was finished, unless it begins everything again (-B), and begins the rest again. */
function startSession(view: RunView, event: Body<'run.started'>, at: number): void {
  const { plan, name, root, backend, backendReason, concurrency, pid, resumed = false } = event;
  const before = view.tasks;
  Object.assign(view, { plan, name, root, backend, backendReason, concurrency, pid, resumed, startedAt: at });
  view.tasks = new Map();
  view.kept = 0;
  for (const task of event.tasks) {
    const known = before.get(task.id);
    const kept = resumed && known !== undefined && isDone(known.status);
    if (kept) view.kept += 1;
    view.tasks.set(task.id, Object.assign(kept ? known : emptyTask(task.id), task));
  }
  view.gates = new Map(event.gates.map((gate) => [gate, { name: gate, status: 'waiting' }]));
  view.attempts = { count: 0, ms: 0 };
  delete view.merge;
  delete view.finished;
}

function applyToTask(
  view: RunView,
  task: TaskView,
  event: Extract<EventBody, { task: string }>,
  at: number,
): void {
  // Late news of an attempt that another one has followed is not what is shown as current.
  const isOld = 'attempt' in event && event.attempt < task.attempt;
  switch (event.type) {
    case 'task.ready':
    case 'task.waiting':
      if (event.type === 'task.ready') delete task.waitingFor;
      else task.waitingFor = { locks: event.locks, holders: event.holders };
      if (task.status === 'waiting' || task.status === 'ready')
        task.status = event.type === 'task.ready' ? 'ready' : 'waiting';
      return;
    case 'attempt.started':
      view.logs.set(event.task, [...(view.logs.get(event.task) ?? []), event.log]);
      if (isOver(task.status) || isOld) return;
      task.status = 'running';
      task.attempt = event.attempt;
      task.log = event.log;
      task.startedAt ??= at;
      task.attemptStartedAt = at;
      task.tail = [];
      for (const key of ['waitingFor', 'last', 'files', 'filesDone', 'retryAt', 'strays'] as const)
        delete task[key];
      return;
    case 'attempt.output':
      if (!isOld) addOutput(task, event.text);
      return;
    case 'attempt.progress':
      if (task.status !== 'running' || event.attempt !== task.attempt) return;
      task.files = event.files;
      task.filesDone = event.filesDone;
      return;
    case 'agent.message':
      if (!isOld) task.last = { kind: 'said', text: safe(event.text) };
      return;
    case 'agent.tool': {
      const text = safe(event.summary === '' ? event.tool : `${event.tool}: ${event.summary}`);
      if (!isOld) task.last = { kind: 'did', text, ...(event.error ? { error: true } : {}) };
      return;
    }
    case 'agent.usage':
      task.usage.inputTokens += event.inputTokens;
      task.usage.outputTokens += event.outputTokens;
      task.usage.turns += event.turns ?? 0;
      return;
    case 'attempt.finished':
      view.attempts.count += 1;
      view.attempts.ms += event.ms;
      if (isOld) return;
      task.attempt = event.attempt;
      task.outcome = event.outcome;
      task.reason = event.reason;
      task.strays = event.strays;
      if (isOver(task.status) || !event.retry) return;
      task.status = 'retrying';
      if (event.waitMs !== undefined) task.retryAt = at + event.waitMs;
      return;
    case 'task.finished':
      task.status = event.state;
      task.attempt = Math.max(task.attempt, event.attempts);
      task.ms = event.ms;
      task.files = event.changes;
      task.dropped = event.dropped;
      if (event.state === 'succeeded') view.took.set(event.task, event.ms);
      if (isDone(event.state)) delete task.reason;
      else if (event.reason !== undefined) task.reason = event.reason;
      for (const key of ['waitingFor', 'retryAt'] as const) delete task[key];
      return;
    default:
      // See applyToRun.
      event satisfies never;
  }
}

function addOutput(task: TaskView, text: string): void {
  for (const line of outputLines(text).slice(-TAIL_LINES)) task.tail.push(outputLine(line, TEXT_LENGTH));
  task.tail.splice(0, task.tail.length - TAIL_LINES);
  const last = task.tail.findLast((line) => line.trim() !== '');
  // What an agent says or does tells more than the raw lines that it is read from.
  if (last !== undefined && (task.last === undefined || task.last.kind === 'output'))
    task.last = { kind: 'output', text: last };
}

/** One line that is safe to print. */
function safe(text: string): string {
  return oneLine(clip(text, TEXT_LENGTH));
}

function taskOf(view: RunView, id: string): TaskView {
  const task = view.tasks.get(id) ?? emptyTask(id);
  view.tasks.set(id, task);
  return task;
}

function emptyTask(id: string): TaskView {
  const usage = { inputTokens: 0, outputTokens: 0, turns: 0 };
  return { id, agent: '', needs: [], status: 'waiting', attempt: 0, tail: [], usage };
}
