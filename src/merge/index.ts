export { type Base, loadBase } from './base/base.js';
export { captureBase } from './base/base-capture.js';
export { branchMadeBefore, type CommitTask, type Committed, commitRun } from './commit/commit.js';
export {
  type CommitTarget,
  CommitTargetError,
  checkCommitLocks,
  checkCommitTarget,
} from './commit/commit-target.js';
export { HalfWrittenError, MergeError, TreeChangedError } from './merge-error.js';
export type { Conflict, RefUpdate, ResolvedEntry } from './merge-plan.js';
export { hardLinkNotes } from './resolve/hard-links.js';
export { type Fingerprint, type Resolution, resolveMerge, stillResolved } from './resolve/resolve.js';
export type { Merged } from './transaction/complete.js';
export { assertBelieved, type Recovered, type RecoverHow, recoverMerge } from './transaction/recover.js';
export { writeMerge } from './transaction/write.js';
