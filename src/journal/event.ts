/** How a task ended. */
export type TaskState = 'succeeded' | 'failed' | 'skipped' | 'cancelled' | 'up-to-date';

/** Why an attempt did not succeed. `rate-limited` attempts do not count against `retries`. */
export type AttemptOutcome =
  | 'succeeded'
  | 'exit' // the command or agent failed
  | 'strays' // it changed files outside what it owns
  | 'verify' // `verify` failed
  | 'timeout'
  | 'rate-limited'
  | 'cancelled' // forge was interrupted
  | 'error'; // forge could not run or collect it (disk full, mount failed, …)

/** Fields that each type of event adds to the envelope. Times (`ms`) are milliseconds. */
export type EventBody =
  | {
      type: 'run.started';
      plan: string;
      name: string;
      root: string;
      backend: string;
      /** Why that backend: one readable line. */
      backendReason?: string;
      concurrency: number;
      tasks: {
        id: string;
        description?: string;
        agent: string;
        needs: string[];
        /** How long it is expected to take: as it took before, or as the plan says. */
        estimate?: number;
        line?: number;
        /** How many files it is to work through (a part of a task with `split`). */
        filesTotal?: number;
      }[];
      gates: string[];
      /** Set when an earlier run is continued. */
      resumed?: boolean;
      pid: number;
    }
  | { type: 'task.ready'; task: string }
  | { type: 'task.waiting'; task: string; locks: string[]; holders: string[] }
  | { type: 'attempt.started'; task: string; attempt: number; log: string }
  | { type: 'attempt.output'; task: string; attempt: number; stream: 'stdout' | 'stderr'; text: string }
  | { type: 'attempt.progress'; task: string; attempt: number; files: number; filesDone?: number }
  | { type: 'agent.message'; task: string; attempt: number; text: string }
  | { type: 'agent.tool'; task: string; attempt: number; tool: string; summary: string; error?: boolean }
  | {
      type: 'agent.usage';
      task: string;
      attempt: number;
      inputTokens: number;
      outputTokens: number;
      turns?: number;
    }
  | {
      type: 'attempt.finished';
      task: string;
      attempt: number;
      outcome: AttemptOutcome;
      /** One readable sentence for everything but `succeeded`. */
      reason?: string;
      exitCode: number | null;
      signal?: string | null;
      strays?: string[];
      ms: number;
      /** Set when another attempt follows; `waitMs` after a rate limit. */
      retry?: boolean;
      waitMs?: number;
    }
  | {
      type: 'task.finished';
      task: string;
      state: TaskState;
      attempts: number;
      ms: number;
      /** Number of paths its changeset holds. */
      changes: number;
      reason?: string;
      /** Changes dropped because git ignores them (build output, caches) or because they can't be merged (sockets, empty folders outside `owns`). */
      dropped?: number;
    }
  | { type: 'gate.started'; name: string; log: string }
  | { type: 'gate.finished'; name: string; ok: boolean; exitCode: number | null; ms: number }
  | { type: 'merge.started'; paths: number }
  | {
      type: 'merge.finished';
      state: 'merged' | 'refused' | 'declined' | 'waiting';
      /** Paths written (or, when refused, in conflict). */
      paths: string[];
      reason?: string;
      /** What a merge that was done has to tell, a sentence each: what could not be kept, what was moved aside. */
      notes?: string[];
      /** Where versions of the user's are kept that were saved in the very moment of merging. */
      displaced?: string[];
      /** `--branch` / `--commit`: the ref that moved and where to. */
      ref?: string;
      commit?: string;
    }
  | { type: 'run.finished'; exitCode: number; ms: number; reason?: string };

/** One line of the journal and of `--json`: the envelope plus the body. */
export type ForgeEvent = { v: 1; seq: number; at: string; run: string } & EventBody;
