import type { AttemptOutcome, EventBody } from '../../journal/index.js';
import type { Task } from '../../plan/index.js';
import type { BaseLookup, Changeset } from '../../workspace/index.js';

/** One attempt as plain data: everything that is needed to run it, here or elsewhere. Paths are absolute. */
export interface AttemptRequest {
  run: string;
  root: string;
  task: Task;
  /** Counted from 1; a rate-limited attempt is repeated under its number. */
  attempt: number;
  /** Unique per try: names the workspace and the folder. */
  name: string;
  /** Changesets of everything the task needs, in topological order. */
  start: readonly Changeset[];
  base: BaseLookup;
  /** The rendered prompt; empty for commands. */
  prompt: string;
  /** Where output, prompt and changeset of this try are kept; never that of another, over all sessions of the run. */
  dir: string;
  /** Whether a path is the task's to write. */
  owned: (path: string) => boolean;
  /** What the other tasks own, so that an agent can be told; empty for commands. */
  others: readonly { id: string; owns: readonly string[] }[];
  caseInsensitive: boolean;
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

/** Runs attempts. `signal` aborts: the attempt ends as `cancelled`. Never rejects: what goes wrong is a result. */
export interface Executor {
  run(request: AttemptRequest, emit: (event: EventBody) => void, signal: AbortSignal): Promise<AttemptResult>;
}
