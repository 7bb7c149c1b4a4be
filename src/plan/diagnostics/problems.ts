import type { LineCounter } from 'yaml';
import type { Span } from '../yaml/yaml-node.js';
import type { Diagnostic, SourceRange } from './diagnostic.js';

type Place = Span | SourceRange;

/** A diagnostic as it is reported: places may still be offsets in the text, and unless it says otherwise it is an error. */
export type Finding = Omit<Diagnostic, 'severity' | 'at' | 'related'> & {
  severity?: 'warning';
  at: Place;
  related?: { at: Place; message: string }[];
};

/** Collects what is wrong with a plan. */
export class Problems {
  readonly #diagnostics: Diagnostic[] = [];
  readonly #places = new Set<string>();

  constructor(
    readonly file: string,
    readonly text: string,
    readonly lines: LineCounter,
  ) {}

  add(finding: Finding): void {
    const at = this.range(finding.at);
    const related = (finding.related ?? []).map((place) => ({ ...place, at: this.range(place.at) }));
    this.#places.add(placeOf(finding.code, at));
    this.#diagnostics.push({ severity: 'error', ...finding, at, related });
  }

  /** Adds a problem unless one of its code was found at its place before. */
  addOnce(finding: Finding): void {
    if (!this.#places.has(placeOf(finding.code, this.range(finding.at)))) this.add(finding);
  }

  /** Adds, once for a place, that something does not have the form that the schema asks for, or a meaning. */
  addWrong(at: Place, message: string, hint?: string, related?: Finding['related']): void {
    this.addOnce({ code: 'schema', message, at, hint, related });
  }

  /** The lines and columns of a place; columns count UTF-16 units, as editors do. */
  range(place: Place): SourceRange {
    if ('line' in place) return place;
    const first = this.lines.linePos(place.start);
    const last = this.lines.linePos(Math.max(place.start, place.end));
    return {
      file: this.file,
      line: first.line,
      column: first.col,
      endLine: last.line,
      endColumn: last.col,
    };
  }

  /** All diagnostics by place, in the order of their finding where the places are equal; what every part of a task has, once. */
  sorted(): Diagnostic[] {
    const seen = new Set<string>();
    return this.#diagnostics
      .filter(({ at, message }) => {
        const key = `${at.line} ${at.column} ${message}`;
        return !seen.has(key) && seen.add(key);
      })
      .sort((a, b) => a.at.line - b.at.line || a.at.column - b.at.column);
  }
}

function placeOf(code: string, { line, column }: SourceRange): string {
  return `${code} ${line}:${column}`;
}
