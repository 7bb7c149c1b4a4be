/**
 * Every way forge can end, for scripts and CI. Whatever the code, finished work is kept in the run folder, and the
 * last line printed says how to go on.
 */
export const ExitCode = {
  /** Everything was merged, or there was nothing to do (also: `--no-merge` and all gates passed). */
  ok: 0,
  /** A task or a gate failed, or forge itself could not go on (disk full, no permission). Nothing was merged. */
  failed: 1,
  /** The plan or the command line is invalid, or an agent's program or a backend is missing. Nothing was started. */
  invalid: 2,
  /** The merge was refused: the tree changed underneath in a way that can't be merged, or another forge is at work on it. */
  refused: 3,
  /** Declined at the prompt. */
  declined: 4,
  /** A merge was half written when something failed (past its commit point). The next forge command finishes it. */
  halfWritten: 5,
  /** Interrupted by SIGINT (Ctrl-C). */
  interrupted: 130,
  /** Interrupted by SIGTERM. */
  terminated: 143,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];
