import type { Pattern, SourceRange } from '../plan/index.js';

/** An order between two tasks: `from` must finish before `to` starts. */
export type Edge =
  /** `to` names `from` in its `needs`, written at `at`. */
  | { from: string; to: string; reason: 'needs'; at: SourceRange }
  /** `to` reads (by `pattern`) what `from` owns (by `owned`). */
  | { from: string; to: string; reason: 'reads'; at: SourceRange; pattern: Pattern; owned: Pattern };
