import type { ForgeEvent } from '../../journal/index.js';
import type { Splits } from '../../plan/index.js';
import type { ExitCode } from '../../util/errors.js';
import type { BackendName } from '../../workspace/index.js';

/** How a run was started, kept so that `resume` and `merge` do the same. */
export interface RunRequest {
  planFile: string;
  vars: Record<string, string>;
  /** Task ids named on the command line; empty = all. */
  tasks: string[];
  jobs?: number;
  keepGoing: boolean;
  backend?: BackendName;
  branch?: string;
  commit: boolean;
  /** How the files of tasks with `split` were divided: the tree may have other files by now. */
  splits?: Splits;
}

/** What is about to be merged, for the approval prompt. */
export interface Proposal {
  run: string;
  paths: { path: string; change: 'created' | 'modified' | 'mode' | 'deleted' }[];
  /** Paths that the user changed too, merged three-way. */
  threeWay: string[];
}

/** What a command hands to a run beside the plan: where news go and what may stop it. */
export interface RunHooks {
  /** Told every event as it is appended. */
  onEvent: (event: ForgeEvent) => void;
  /** Told things that are no events of the run, such as an interrupted merge that was finished first. */
  note: (text: string) => void;
  /** Asked before the merge; absent = merge when the gates pass. */
  approve?: (proposal: Proposal) => Promise<boolean>;
  /** Stop when the gates have passed. */
  noMerge: boolean;
  /** Aborted at the first Ctrl-C, with an InterruptedError. */
  signal: AbortSignal;
}

/** How a run ended: the exit code, and one sentence where it is no success. */
export interface RunEnd {
  exitCode: ExitCode;
  reason?: string;
}
