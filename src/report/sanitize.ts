import { sanitize } from '../util/text/sanitize.js';

export { sanitize };

/** Takes text that people wrote in several lines; gives it as one safe line with its white space collapsed. */
export function oneLine(text: string): string {
  return sanitize(text.replace(/[\s\u0085]+/g, ' ').trim());
}

/** Takes the text of an `attempt.output` event (whole lines); gives its lines without their ends. */
export function outputLines(text: string): string[] {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/** Takes one line of a program's output and how much of it to keep; gives what a terminal would show of it: tabs as spaces, only what follows the last carriage return (progress bars), everything else made visible. */
export function outputLine(line: string, length = Number.POSITIVE_INFINITY): string {
  const end = line.endsWith('\r') ? line.length - 1 : line.length;
  const start = end === 0 ? 0 : line.lastIndexOf('\r', end - 1) + 1;
  return sanitize(clip(line.slice(start, end), length).replaceAll('\t', '  '));
}

/** Takes text and a length in UTF-16 units; gives at most that much of it, never half a surrogate pair, with `…` where something was cut. */
export function clip(text: string, length: number): string {
  if (text.length <= length) return text;
  return `${text.slice(0, length).replace(/[\ud800-\udbff]$/, '')}…`;
}
