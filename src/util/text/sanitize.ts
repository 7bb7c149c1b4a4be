/**
 * Everything a terminal would act on instead of show: C0 and C1 controls, DEL, line and paragraph separators,
 * bidirectional overrides (they reorder what is read, CVE-2021-42574), byte order marks, non-characters and lone
 * surrogates (which stand for bytes of file names, see paths/path.ts).
 */
const UNSAFE = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]/gu;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** Any text (agent output, file names, messages) as one line in which control characters and terminal escapes are visible: `\x1b[31m`, `\n`, `\u202e`. */
export function sanitize(text: string): string {
  return text.replace(UNSAFE, visible);
}

/** The same for a message of several lines, which stay lines. */
export function sanitizeLines(text: string): string {
  return text.split('\n').map(sanitize).join('\n');
}

function visible(character: string): string {
  const known = SHORT[character];
  if (known !== undefined) return known;
  const code = character.charCodeAt(0);
  if (code >= 0xdc80 && code <= 0xdcff) return `\\x${(code - 0xdc00).toString(16)}`;
  return code < 0x100
    ? `\\x${code.toString(16).padStart(2, '0')}`
    : `\\u${code.toString(16).padStart(4, '0')}`;
}

/** What people wrote in several lines as one safe line, its white space collapsed. */
export function oneLine(text: string): string {
  return sanitize(text.replace(/[\s\u0085]+/g, ' ').trim());
}

/** The lines of a program's output (whole lines), without their ends. */
export function outputLines(text: string): string[] {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/**
 * What a terminal would show of one line of a program's output, at most `length` UTF-16 units of it: tabs as spaces, only
 * what follows the last carriage return (progress bars), everything else made visible.
 */
export function outputLine(line: string, length = Number.POSITIVE_INFINITY): string {
  const end = line.endsWith('\r') ? line.length - 1 : line.length;
  const start = end === 0 ? 0 : line.lastIndexOf('\r', end - 1) + 1;
  return sanitize(clip(line.slice(start, end), length).replaceAll('\t', '  '));
}

/** At most `length` UTF-16 units of a text, never half a surrogate pair, with `…` where something was cut. */
export function clip(text: string, length: number): string {
  if (text.length <= length) return text;
  return `${text.slice(0, length).replace(/[\ud800-\udbff]$/, '')}…`;
}

/** Characters that JSON allows raw but a terminal or a line reader acts on: DEL, C1 controls, line separators, bidirectional controls. */
const RAW = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** JSON for `--json`: every control character is escaped, so that it means the same and is safe on a terminal. */
export function toJsonText(value: unknown): string {
  return JSON.stringify(value).replace(
    RAW,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
