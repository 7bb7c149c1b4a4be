/** A span of plan text. Lines and columns count from 1; `endColumn` is one past the last character. */
export interface SourceRange {
  file: string;
  line: number;
  column: number;
  endLine: number;
  endColumn: number;
}

/** Every kind of problem a plan can have (DESIGN section 4). */
export type DiagnosticCode =
  | 'yaml-syntax'
  | 'schema'
  | 'unknown-task'
  | 'cycle'
  | 'ownership-overlap'
  | 'pattern-invalid'
  | 'path-outside-root'
  | 'reserved-path'
  | 'unknown-agent'
  | 'unknown-variable'
  | 'split-empty';

/** What is wrong with a plan, as data; `diagnosticRenderer` turns it into text. */
export interface Diagnostic {
  code: DiagnosticCode;
  severity: 'error' | 'warning';
  message: string;
  /** The main place. */
  at: SourceRange;
  /** Other places that explain it: the second owner of an overlap, every edge of a cycle. */
  related: { at: SourceRange; message: string }[];
  tasks?: string[];
  patterns?: string[];
  /** One concrete path that both tasks of an overlap may write. */
  witness?: string;
  /** What to do about it. */
  hint?: string;
  /** The plan's text there may be a secret: it is not shown. */
  hideSource?: boolean;
}
