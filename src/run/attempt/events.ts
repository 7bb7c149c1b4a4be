import type { EventBody } from '../../journal/index.js';
import type { AttemptRequest } from './executor.js';

/** Takes what happens in an attempt. */
export type Emit = (event: EventBody) => void;

/** What the events of an attempt are about. */
export function aboutOf({ task, attempt }: Pick<AttemptRequest, 'task' | 'attempt'>) {
  return { task: task.id, attempt };
}

/** Characters of an output line that go into an event; the log has the rest. */
const LONGEST = 2_000;
/** Lines that may come at once, and lines a second after that. */
const BURST = 1_000;
const PER_SECOND = 50;

/**
 * Emits the output lines of an attempt, but not more than a journal should hold of a command that prints gigabytes (its
 * log is complete). A token bucket: BURST lines at once, PER_SECOND after that.
 */
export function outputEvents(
  request: AttemptRequest,
  emit: Emit,
): (stream: 'stdout' | 'stderr', line: string) => void {
  let tokens = BURST;
  let last = performance.now();
  return (stream, line) => {
    const now = performance.now();
    tokens = Math.min(BURST, tokens + ((now - last) / 1000) * PER_SECOND);
    last = now;
    if (tokens < 1) return;
    tokens -= 1;
    const text = line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line;
    emit({ type: 'attempt.output', ...aboutOf(request), stream, text });
  };
}
