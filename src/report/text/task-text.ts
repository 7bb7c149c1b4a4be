import type { TaskView } from '../../journal/index.js';
import { count, listed } from '../../util/text/count.js';
import { formatElapsed } from '../../util/text/duration.js';
import { oneLine, sanitize } from '../../util/text/sanitize.js';

/** Takes a task and the time now; gives what is most worth knowing about it in one line: why it waits or failed, else the last thing its agent said or did. */
export function describeTask(task: TaskView, now: number): string {
  const reason = task.reason === undefined ? '' : oneLine(task.reason);
  switch (task.status) {
    case 'waiting':
      return waitingText(task);
    case 'ready':
      return '';
    case 'retrying':
      return `${retryText(task, now)}: ${reason || outcomeText(task)}`;
    case 'failed':
    case 'skipped':
    case 'cancelled':
      return reason || (task.status === 'failed' ? outcomeText(task) : '');
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

/** Takes what a waiting task waits for; gives `waiting for lock db (held by api)`. */
export function lockText(locks: readonly string[], holders: readonly string[]): string {
  const held = holders.length > 0 ? ` (held by ${listed(holders.map(sanitize), 3)})` : '';
  return `waiting for ${locks.length === 1 ? 'lock' : 'locks'} ${listed(locks.map(sanitize), 3)}${held}`;
}

/** Takes a task whose last attempt did not succeed; gives that in words where no reason was given. */
export function outcomeText(task: Pick<TaskView, 'outcome' | 'strays'>): string {
  switch (task.outcome) {
    case 'exit':
      return 'the command failed';
    case 'strays':
      return `${count(task.strays?.length ?? 0, 'change')} outside what it owns`;
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
      return task.outcome satisfies never;
  }
}

function waitingText(task: TaskView): string {
  if (task.waitingFor) return lockText(task.waitingFor.locks, task.waitingFor.holders);
  return task.needs.length > 0 ? `after ${listed(task.needs.map(sanitize), 3)}` : '';
}

function retryText(task: TaskView, now: number): string {
  const wait = (task.retryAt ?? 0) - now;
  return wait > 0 ? `again in ${formatElapsed(wait)}` : 'again';
}
