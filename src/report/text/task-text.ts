import type { GateView, TaskView } from '../../journal/index.js';
import { count, formatDuration, formatElapsed, listed } from '../../util/text/amounts.js';
import { oneLine, sanitize } from '../../util/text/sanitize.js';

/** What is most worth knowing about a task in one line: why it waits or failed, else the last thing its agent said or did. */
export function describeTask(task: TaskView, now: number): string {
  switch (task.status) {
    case 'waiting':
      return waitingText(task);
    case 'ready':
      return '';
    case 'retrying':
      return `${retryText(task, now)}: ${whyFailed(task)}`;
    case 'failed':
      return whyFailed(task);
    case 'skipped':
    case 'cancelled':
      return oneLine(task.reason ?? '');
    case 'running': {
      const last = sanitize(task.last?.text ?? task.description ?? '');
      return task.attempt > 1 ? `attempt ${task.attempt}${last && ': '}${last}` : last;
    }
    case 'succeeded':
      return sanitize(task.last?.text ?? task.description ?? '');
    case 'up-to-date':
      return 'up to date';
    default:
      return task.status satisfies never;
  }
}

/** `waiting for lock db (held by api)`. */
export function lockText(locks: readonly string[], holders: readonly string[]): string {
  const held = holders.length > 0 ? ` (held by ${listed(holders.map(sanitize), 3)})` : '';
  return `waiting for ${locks.length === 1 ? 'lock' : 'locks'} ${listed(locks.map(sanitize), 3)}${held}`;
}

/** Why an attempt, or the task whose last one it was, did not succeed: the reason that was given, else the kind of failure. */
export function whyFailed(task: Pick<TaskView, 'reason' | 'outcome' | 'strays'>): string {
  return oneLine(task.reason ?? '') || outcomeText(task);
}

/** How a gate failed. */
export function gateFailure({ exitCode, ms = 0 }: Pick<GateView, 'exitCode' | 'ms'>): string {
  const how = typeof exitCode === 'number' ? `failed with exit code ${exitCode}` : 'was ended';
  return `${how} after ${formatDuration(ms)}`;
}

function outcomeText({ outcome, strays = [] }: Pick<TaskView, 'outcome' | 'strays'>): string {
  switch (outcome) {
    case 'exit':
      return 'the command failed';
    case 'strays':
      return `${count(strays.length, 'change')} outside what it owns`;
    case 'verify':
      return 'verify failed';
    case 'timeout':
      return 'timed out';
    case 'rate-limited':
      return 'rate limited';
    case 'cancelled':
      return 'cancelled';
    case 'error':
      return 'forge could not run it';
    case 'succeeded':
    case undefined:
      return 'failed';
    default:
      return outcome satisfies never;
  }
}

function waitingText({ waitingFor, needs }: TaskView): string {
  if (waitingFor) return lockText(waitingFor.locks, waitingFor.holders);
  return needs.length > 0 ? `after ${listed(needs.map(sanitize), 3)}` : '';
}

function retryText({ retryAt = 0 }: TaskView, now: number): string {
  return retryAt > now ? `again in ${formatElapsed(retryAt - now)}` : 'again';
}
