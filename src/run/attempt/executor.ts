import type { AttemptOutcome, EventBody } from '../../journal/index.js';
import type { Task } from '../../plan/index.js';
import type { Changeset } from '../../workspace/index.js';

/** One attempt: everything that is needed to run it, here or elsewhere. Paths are absolute. */
export interface AttemptRequest {
  run: string;
  root: string;
  /** `root` lies on a file system that takes `A` and `a` for the same name. */
  caseInsensitive: boolean;
  task: Task;
  /** Counted from 1; a rate-limited attempt is repeated under its number. */
  attempt: number;
  /** Unique per try: names the workspace and the folder. */
  name: string;
  /** Changesets of everything the task needs, in topological order. */
  start: readonly Changeset[];
  /** The folder that records how the tree was when the run started. */
  base: string;
  /** The rendered prompt; empty for commands. */
  prompt: string;
  /** Where output, prompt and changeset of this try are kept; never that of another, over all sessions of the run. */
  dir: string;
  /** What the other tasks own, so that an agent can be told; empty for commands. */
  others: readonly { id: string; owns: readonly string[] }[];
}

/** How an attempt ended. */
export interface AttemptResult {
  outcome: AttemptOutcome;
  /** One readable sentence for everything but success. */
  reason?: string;
  exitCode: number | null;
  signal: string | null;
  /** Changes outside what the task owns, that git does not ignore. */
  strays: string[];
  /** Changes that were left out: ignored by git, special files, empty folders outside `owns`, each `.git` or `.forge`. */
  dropped: number;
  /** What it changed within what it owns; also kept, where there is something, when the attempt failed. */
  changeset?: Changeset;
  /** Last part of `verify`'s output when that failed. */
  verifyOutput?: string;
  /** Set when a rate limit said how long to wait (ms). */
  retryAfterMs?: number;
}

/**
 * T, where all of it survives JSON; what does not (a function, so any live object; bytes; what is always undefined)
 * becomes never, so that it can't be given.
 */
export type Plain<T> = [T] extends [undefined] ? never : PlainEach<T>;
type PlainEach<T> = T extends string | number | boolean | null | undefined
  ? T
  : T extends (...args: never[]) => unknown
    ? never
    : T extends object
      ? { [Key in keyof T]: Plain<T[Key]> }
      : never;

/**
 * Runs attempts, on whatever machine: what goes in and what comes out is plain data. `signal` aborts: the attempt ends as
 * `cancelled`. Never rejects: what goes wrong is a result.
 */
export type Executor = (
  request: Plain<AttemptRequest>,
  emit: (event: Plain<EventBody>) => void,
  signal: AbortSignal,
) => Promise<Plain<AttemptResult>>;
