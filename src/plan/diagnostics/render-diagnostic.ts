import { isAbsolute, relative } from 'node:path';
import { $, blue, bold, cyan, red, yellow } from 'kleur/colors';
import type { SourceRange } from '../plan.js';
import type { Diagnostic } from './diagnostic.js';
import { displayWidth, printable } from './printable.js';

export interface RenderOptions {
  color: boolean;
  /** The text of the plan. */
  source: string;
  /** The folder that file names are shown relative to (default: the current one). */
  cwd?: string;
}

/** How much of a long line is shown, in characters: before the place in question, and in all. */
const BEFORE = 60;
const SHOWN = 160;

/** Takes a diagnostic; gives it as text for people, without a newline at the end. For many, make one `diagnosticRenderer`. */
export function renderDiagnostic(diagnostic: Diagnostic, options: RenderOptions): string {
  return diagnosticRenderer(options)(diagnostic);
}

/** Gives a function that turns diagnostics about one plan into text for people. Nothing in the plan can reach the terminal as an escape sequence. */
export function diagnosticRenderer({
  color,
  source,
  cwd = process.cwd(),
}: RenderOptions): (diagnostic: Diagnostic) => string {
  const lines = source.split('\n');
  return (diagnostic) => {
    // kleur decides by a switch of its own; it is set only while this runs and nothing else can.
    const before = $.enabled;
    $.enabled = color;
    try {
      return render(diagnostic, lines, cwd);
    } finally {
      $.enabled = before;
    }
  };
}

function render(
  { at, code, severity, message, related, witness, hint, hideSource }: Diagnostic,
  lines: string[],
  cwd: string,
): string {
  const paint = severity === 'error' ? red : yellow;
  const margin = String(Math.max(at.line, ...related.map((place) => place.at.line))).length;
  const out = [
    `${bold(place(at, cwd))}: ${paint(bold(`${severity}[${code}]`))}: ${bold(printable(message))}`,
  ];
  // A cycle lists every edge with its place, the main one too: showing that twice would help nobody.
  const first = related[0];
  if (!hideSource && (first === undefined || !samePlace(first.at, at)))
    out.push(...excerpt(at, lines, margin, paint));
  for (const other of related) {
    out.push(`${' '.repeat(margin)} ${blue('=')} ${place(other.at, cwd)}: ${printable(other.message)}`);
    out.push(...excerpt(other.at, lines, margin, blue));
  }
  if (witness !== undefined)
    out.push(`${' '.repeat(margin)} ${blue('=')} ${bold('witness')}: ${printable(witness)}`);
  if (hint !== undefined)
    out.push(`${' '.repeat(margin)} ${blue('=')} ${cyan(bold('hint'))}: ${printable(hint)}`);
  return out.join('\n');
}

function place({ file, line, column }: SourceRange, cwd: string): string {
  const below = relative(cwd, file);
  const name = below === '' || below.startsWith('..') || isAbsolute(below) ? file : below;
  return `${printable(name)}:${line}:${column}`;
}

function samePlace(a: SourceRange, b: SourceRange): boolean {
  return a.line === b.line && a.column === b.column;
}

/** The line of a place with the place underlined; of a place of several lines, the first. */
function excerpt(
  at: SourceRange,
  lines: string[],
  margin: number,
  paint: (text: string) => string,
): string[] {
  const line = (lines[at.line - 1] ?? '').replace(/\r$/, '');
  const start = at.column - 1;
  const end = Math.max(start, at.endLine > at.line ? line.length : Math.min(at.endColumn - 1, line.length));
  const from = line.length <= SHOWN ? 0 : Math.max(0, start - BEFORE);
  const to = Math.min(line.length, from + SHOWN);
  const before = (from > 0 ? '…' : '') + printable(line.slice(from, start));
  const marked = printable(line.slice(start, Math.min(end, to)));
  const after = printable(line.slice(Math.max(start, Math.min(end, to)), to)) + (to < line.length ? '…' : '');
  const gutter = (text: string) => blue(`${text.padStart(margin)} |`);
  const underline = paint('^'.repeat(Math.max(1, displayWidth(marked))));
  return [
    gutter(''),
    `${gutter(String(at.line))} ${before}${marked}${after}`.trimEnd(),
    `${gutter('')} ${' '.repeat(displayWidth(before))}${underline}`,
  ];
}
