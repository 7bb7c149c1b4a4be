import type { SourceRange } from '../plan.js';
import type { LineTable } from '../yaml/line-table.js';
import type { Span } from '../yaml/yaml-node.js';
import type { Diagnostic, DiagnosticCode } from './diagnostic.js';

/** A diagnostic whose places are still offsets in the plan's text. */
export interface Problem {
  code: DiagnosticCode;
  message: string;
  at: Span;
  severity?: 'warning';
  related?: { at: Span; message: string }[];
  hint?: string | undefined;
  /** The plan's text there may be a secret: it is not shown. */
  hideSource?: boolean;
}

/** Collects what is wrong with a plan. */
export class Problems {
  readonly diagnostics: Diagnostic[] = [];
  readonly #places = new Set<string>();

  constructor(readonly lines: LineTable) {}

  /** Adds a problem at offsets of the text. */
  add({ code, message, at, severity, related = [], hint, hideSource }: Problem): void {
    this.#places.add(`${code} ${at.start}`);
    this.diagnostics.push({
      code,
      severity: severity ?? 'error',
      message,
      at: this.lines.range(at),
      related: related.map((place) => ({ at: this.lines.range(place.at), message: place.message })),
      ...(hint === undefined ? {} : { hint }),
      ...(hideSource && { hideSource }),
    });
  }

  /** Adds a problem unless one of its code was found at its place before. */
  addOnce(problem: Problem): void {
    if (!this.#places.has(`${problem.code} ${problem.at.start}`)) this.add(problem);
  }

  /** All diagnostics by place, in the order of their finding where the places are equal; what every part of a task has, once. */
  sorted(): Diagnostic[] {
    const seen = new Set<string>();
    return this.diagnostics
      .filter(({ at, message }) => {
        const key = `${at.line} ${at.column} ${message}`;
        return !seen.has(key) && seen.add(key);
      })
      .sort((a, b) => byPlace(a.at, b.at));
  }
}

function byPlace(a: SourceRange, b: SourceRange): number {
  return a.line - b.line || a.column - b.column;
}
