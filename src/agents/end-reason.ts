import type { CommandEnd } from './adapter.js';

/** Gives one sentence on how a command failed: the signal, or the exit code with the last line of its standard error. */
export function endReason({ exitCode, signal, stderrTail }: CommandEnd): string {
  if (signal !== null) return `ended by ${signal}`;
  const lastLine = stderrTail.trimEnd().split('\n').at(-1)?.trim() ?? '';
  const how = exitCode === null ? 'did not start' : `exit code ${exitCode}`;
  return lastLine === '' ? how : `${how}: ${lastLine.slice(0, 300)}`;
}
