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

/** One task as the events so far describe it. Times of day are milliseconds since 1970, durations milliseconds. */
export interface TaskView {
  id: string;
  description?: string;
  agent: string;
  needs: readonly string[];
  estimate?: number;
  /** Line of the task in the plan. */
  line?: number;
  status: TaskStatus;
  /** The current or last attempt; 0 before the first. */
  attempt: number;
  /** Start of the first attempt of this session. */
  startedAt?: number;
  /** Start of the current attempt. */
  attemptStartedAt?: number;
  /** What `task.finished` says it took. */
  ms?: number;
  /** Files changed so far, then what the changeset holds. */
  files?: number;
  /** How many files it is to work through, and how many of them it has changed: of a part of a task with `split`. */
  filesTotal?: number;
  filesDone?: number;
  dropped?: number;
  last?: LastWord;
  /** Locks it waits for, and who holds them. */
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

/** One gate as the events so far describe it. */
export interface GateView {
  name: string;
  status: 'waiting' | 'running' | 'passed' | 'failed';
  startedAt?: number;
  ms?: number;
  exitCode?: number | null;
  log?: string;
}

/** The merge; `running` between its two events. */
export interface MergeView {
  state: 'running' | Extract<EventBody, { type: 'merge.finished' }>['state'];
  /** Paths announced, then paths written (or in conflict). */
  count: number;
  paths: readonly string[];
  reason?: string;
  notes?: readonly string[];
  /** Where versions of the user's are kept that were saved in the very moment of merging. */
  displaced?: readonly string[];
  ref?: string;
  commit?: string;
}

/** A run folded from its events. A session is what one forge process did of it; `resume` begins another. */
export interface RunView {
  run: string;
  /** Number of the latest event. */
  lastSeq: number;
  plan: string;
  name: string;
  root: string;
  backend: string;
  backendReason?: string;
  concurrency: number;
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
  /** Set by `run.finished`. */
  finished?: { exitCode: number; ms: number; reason?: string };
  /** The logs of every attempt of a task, in all sessions, oldest first; of a gate, the one there is. */
  logs: Map<string, string[]>;
  /** How long a task took when it last succeeded, in whatever session. */
  took: Map<string, number>;
}

/** Lines of output kept per task, and characters kept of a line or message: what reports show, whatever agents print. */
const TAIL_LINES = 20;
const TEXT_LENGTH = 500;

/** A run of which nothing is known yet. */
function emptyView(): RunView {
  return {
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
}

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
  const view = emptyView();
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
  switch (event.type) {
    case 'run.started':
      startSession(view, event, at);
      return;
    case 'task.ready':
      setPending(taskOf(view, event.task), 'ready');
      return;
    case 'task.waiting': {
      const task = taskOf(view, event.task);
      task.waitingFor = { locks: event.locks, holders: event.holders };
      setPending(task, 'waiting');
      return;
    }
    case 'attempt.started': {
      const task = taskOf(view, event.task);
      addLog(view, event);
      if (isOver(task.status) || event.attempt < task.attempt) return;
      task.status = 'running';
      task.attempt = event.attempt;
      task.log = event.log;
      task.startedAt ??= at;
      task.attemptStartedAt = at;
      task.tail = [];
      for (const key of ['waitingFor', 'last', 'files', 'filesDone', 'retryAt', 'strays'] as const)
        delete task[key];
      return;
    }
    case 'attempt.output':
      addOutput(taskOf(view, event.task), event);
      return;
    case 'attempt.progress': {
      const task = taskOf(view, event.task);
      if (task.status !== 'running' || event.attempt !== task.attempt) return;
      task.files = event.files;
      task.filesDone = event.filesDone;
      return;
    }
    case 'agent.message':
      setLast(taskOf(view, event.task), event.attempt, { kind: 'said', text: event.text });
      return;
    case 'agent.tool':
      setLast(taskOf(view, event.task), event.attempt, {
        kind: 'did',
        text: event.summary === '' ? event.tool : `${event.tool}: ${event.summary}`,
        ...(event.error ? { error: true } : {}),
      });
      return;
    case 'agent.usage': {
      const { usage } = taskOf(view, event.task);
      usage.inputTokens += event.inputTokens;
      usage.outputTokens += event.outputTokens;
      usage.turns += event.turns ?? 0;
      return;
    }
    case 'attempt.finished':
      finishAttempt(view, event, at);
      return;
    case 'task.finished': {
      const task = taskOf(view, event.task);
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
    }
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

type Body<T extends EventBody['type']> = Extract<EventBody, { type: T }>;

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

function finishAttempt(view: RunView, event: Body<'attempt.finished'>, at: number): void {
  view.attempts.count += 1;
  view.attempts.ms += event.ms;
  const task = taskOf(view, event.task);
  if (event.attempt < task.attempt) return;
  task.attempt = event.attempt;
  task.outcome = event.outcome;
  task.reason = event.reason;
  task.strays = event.strays;
  if (isOver(task.status) || !event.retry) return;
  task.status = 'retrying';
  if (event.waitMs !== undefined) task.retryAt = at + event.waitMs;
}

function addLog(view: RunView, { task, log }: Body<'attempt.started'>): void {
  const logs = view.logs.get(task);
  if (logs) logs.push(log);
  else view.logs.set(task, [log]);
}

function addOutput(task: TaskView, event: Body<'attempt.output'>): void {
  if (event.attempt < task.attempt) return;
  const lines = outputLines(event.text);
  for (const line of lines.slice(-TAIL_LINES)) task.tail.push(outputLine(line, TEXT_LENGTH));
  if (task.tail.length > TAIL_LINES) task.tail.splice(0, task.tail.length - TAIL_LINES);
  const last = task.tail.findLast((line) => line.trim() !== '');
  // What an agent says or does tells more than the raw lines that it is read from.
  if (last !== undefined && (task.last === undefined || task.last.kind === 'output'))
    task.last = { kind: 'output', text: last };
}

function setLast(task: TaskView, attempt: number, last: LastWord): void {
  if (attempt < task.attempt) return;
  task.last = { ...last, text: oneLine(clip(last.text, TEXT_LENGTH)) };
}

function setPending(task: TaskView, status: 'ready' | 'waiting'): void {
  if (status === 'ready') delete task.waitingFor;
  if (task.status === 'waiting' || task.status === 'ready') task.status = status;
}

function taskOf(view: RunView, id: string): TaskView {
  const known = view.tasks.get(id);
  if (known) return known;
  const fresh = emptyTask(id);
  view.tasks.set(id, fresh);
  return fresh;
}

function emptyTask(id: string): TaskView {
  const usage = { inputTokens: 0, outputTokens: 0, turns: 0 };
  return { id, agent: '', needs: [], status: 'waiting', attempt: 0, tail: [], usage };
}
