import type { Edge } from '../graph/index.js';
import type { Diagnostic, SourceRange } from './diagnostics/diagnostic.js';
import type { Part, Splits } from './tasks/part.js';

/** One `owns` or `reads` pattern as written (a leading `!` kept), and where. */
export interface Pattern {
  text: string;
  at: SourceRange;
}

/** A named lock that a task takes. `write` excludes everybody else (or takes one of `capacity` places). */
export interface LockUse {
  name: string;
  mode: 'read' | 'write';
}

/** A task after variables, defaults and agent settings were resolved. Times are milliseconds. */
export interface Task {
  id: string;
  description?: string;
  /** Adapter that runs it: `shell` when the plan says `run:`. */
  agent: string;
  /** Exactly one of `prompt` and `run` is set. */
  prompt?: string;
  run?: string;
  /** Name of a persona in `.factory/droids/` (the task's `droid:` key). */
  persona?: string;
  /** `agents.<agent>` of the plan: model, auto, … */
  settings: Readonly<Record<string, string | number | boolean>>;
  owns: readonly Pattern[];
  reads: readonly Pattern[];
  needs: readonly { id: string; at: SourceRange }[];
  locks: readonly LockUse[];
  verify?: string;
  timeout: number;
  /** Attempts after the first. */
  retries: number;
  env: Readonly<Record<string, string>>;
  /** What the plan's author expects the task to take, if said. */
  estimate?: number;
  /** Linux capabilities (`sys_admin`) that its commands keep as real root, beyond the usual ones. */
  capabilities?: readonly string[];
  /** Set when the task is one of those that a `split` made. */
  part?: Part;
  /** The task's key in the plan. */
  at: SourceRange;
}

/** An order between two tasks, and where the plan says so. */
export type TaskEdge = Edge &
  (
    | /** `to` names `from` in its `needs`, written at `at`. */ { reason: 'needs'; at: SourceRange }
    /** `to` reads (by `pattern`, written at `at`) what `from` owns (by `owned`). */
    | { reason: 'reads'; at: SourceRange; pattern: Pattern; owned: Pattern }
  );

/** A command that must succeed on the integrated result before anything is merged. */
export interface Gate {
  name: string;
  run: string;
  timeout: number;
  env: Readonly<Record<string, string>>;
  at: SourceRange;
}

/** A plan that has been read and validated. Tasks keep the order of the file. */
export interface Plan {
  /** Absolute path of the plan file. */
  file: string;
  /** The text it was read from. */
  text: string;
  /** Absolute real path of the working tree. */
  root: string;
  /** `root` lies on a file system that takes `A` and `a` for the same name. */
  caseInsensitive: boolean;
  name: string;
  goal?: string;
  concurrency: number;
  tasks: readonly Task[];
  /** What must run before what, by needs and reads, each pair once; `new TaskGraph(plan)` answers questions about it. */
  edges: readonly TaskEdge[];
  gates: readonly Gate[];
  /** Capacity of every lock that is declared; others have capacity 1. */
  locks: Readonly<Record<string, number>>;
  /** Which variables' values are masked besides those named like secrets, and (`!NAME`) which are not; `*` is a wildcard. */
  secrets: readonly string[];
  /** How the files of tasks with `split` were divided. */
  splits: Splits;
}

/** What reading a plan gives: a plan when nothing is wrong, and every problem found otherwise. */
export type PlanResult = { ok: true; plan: Plan; warnings: Diagnostic[] } | InvalidPlan;

export interface InvalidPlan {
  ok: false;
  diagnostics: Diagnostic[];
  /** The text it was read from. */
  text: string;
  /** How many tasks it has, as far as that can be told. */
  tasks: number;
  /** Absolute real path of the working tree, as far as that can be told. */
  root?: string;
}
