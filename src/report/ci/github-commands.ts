import { randomUUID } from 'node:crypto';
import { stripVTControlCharacters } from 'node:util';

/**
 * Workflow commands of GitHub Actions. Rules after the runner's own parser (actions/runner, ActionCommand.cs): a line
 * whose first text is `::` is a command, and so is one with `##[` anywhere; values are escaped as below.
 */

/** The line of a command, ended by a newline. Properties that are undefined or empty are left out. */
export function workflowCommand(
  name: string,
  properties: Readonly<Record<string, string | number | undefined>>,
  text: string,
): string {
  const list = Object.entries(properties)
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([key, value]) => `${key}=${escapeProperty(String(value))}`);
  return `::${name}${list.length > 0 ? ` ${list.join(',')}` : ''}::${escapeData(text)}\n`;
}

/** Text (whole lines) in which the runner executes nothing: unchanged when it holds no command, else between `::stop-commands::` and a token that nobody can guess. */
export function withoutCommands(text: string, token: () => string = randomUUID): string {
  if (!text.split('\n').some(looksLikeCommand)) return text;
  const stop = token();
  return `::stop-commands::${stop}\n${text.endsWith('\n') ? text : `${text}\n`}::${stop}::\n`;
}

/** Styles may stand before the text of a line. */
function looksLikeCommand(line: string): boolean {
  const text = stripVTControlCharacters(line);
  return text.trimStart().startsWith('::') || text.includes('##[') || line.includes('##[');
}

function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
