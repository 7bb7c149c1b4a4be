import { shownPath } from '../../util/paths/shown-path.js';
import { createPaint, type Paint, type Style } from '../../util/text/paint.js';
import { sanitize } from '../../util/text/sanitize.js';
import { displayWidth } from '../../util/text/width.js';
import type { Diagnostic, SourceRange } from './diagnostic.js';

interface RenderOptions {
  color: boolean;
  /** The text of the plan. */
  source: string;
  /** The folder that file names are shown relative to (default: the current one). */
  cwd?: string;
}

/** How much of a long line is shown, in characters: before the place in question, and in all. */
const BEFORE = 60;
const SHOWN = 160;

/** What turns diagnostics about one plan into text for people. Nothing in the plan can reach the terminal as an escape sequence. */
export function diagnosticRenderer(options: RenderOptions): (diagnostic: Diagnostic) => string {
  const { color, source, cwd = process.cwd() } = options;
  const lines = source.split('\n');
  const paint = createPaint(color);
  return (diagnostic) => render(diagnostic, lines, cwd, paint);
}

function render(
  { at, code, severity, message, related, witness, hint, hideSource }: Diagnostic,
  lines: string[],
  cwd: string,
  paint: Paint,
): string {
  const style = severity === 'error' ? 'red' : 'yellow';
  const bold = (text: string) => paint('bold', text);
  const margin = String(Math.max(at.line, ...related.map((place) => place.at.line))).length;
  const note = (text: string) => `${' '.repeat(margin)} ${paint('blue', '=')} ${text}`;
  const out = [
    `${bold(place(at, cwd))}: ${paint(style, bold(`${severity}[${code}]`))}: ${bold(sanitize(message))}`,
  ];
  // A cycle lists every edge with its place, the main one too: showing that twice would help nobody.
  const first = related[0];
  if (!hideSource && (first === undefined || !samePlace(first.at, at)))
    out.push(...excerpt(at, lines, margin, paint, style));
  for (const other of related) {
    out.push(note(`${place(other.at, cwd)}: ${sanitize(other.message)}`));
    out.push(...excerpt(other.at, lines, margin, paint, 'blue'));
  }
  if (witness !== undefined) out.push(note(`${bold('witness')}: ${sanitize(witness)}`));
  if (hint !== undefined) out.push(note(`${paint('cyan', bold('hint'))}: ${sanitize(hint)}`));
  return out.join('\n');
}

function place({ file, line, column }: SourceRange, cwd: string): string {
  return `${sanitize(shownPath(file, cwd))}:${line}:${column}`;
}

function samePlace(a: SourceRange, b: SourceRange): boolean {
  return a.line === b.line && a.column === b.column;
}

/** The line of a place with the place underlined; of a place of several lines, the first. */
function excerpt(at: SourceRange, lines: string[], margin: number, paint: Paint, style: Style): string[] {
  const line = (lines[at.line - 1] ?? '').replace(/\r$/, '');
  const start = at.column - 1;
  const end = Math.max(start, at.endLine > at.line ? line.length : Math.min(at.endColumn - 1, line.length));
  const from = line.length <= SHOWN ? 0 : Math.max(0, start - BEFORE);
  const to = Math.min(line.length, from + SHOWN);
  const before = (from > 0 ? '…' : '') + shown(line.slice(from, start));
  const marked = shown(line.slice(start, Math.min(end, to)));
  const after = shown(line.slice(Math.max(start, Math.min(end, to)), to)) + (to < line.length ? '…' : '');
  const gutter = (text: string) => paint('blue', `${text.padStart(margin)} |`);
  const underline = paint(style, '^'.repeat(Math.max(1, displayWidth(marked))));
  return [
    gutter(''),
    `${gutter(String(at.line))} ${before}${marked}${after}`.trimEnd(),
    `${gutter('')} ${' '.repeat(displayWidth(before))}${underline}`,
  ];
}

function shown(text: string): string {
  return sanitize(text.replaceAll('\t', '    '));
}
