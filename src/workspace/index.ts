export { applyEntries } from './changeset/apply.js';
export type {
  Changeset,
  ChangesetEntry,
  ComposedEntry,
  EntryKind,
  FoundChange,
  RelativePath,
} from './changeset/changeset.js';
export { type ClassifiedChanges, classifyChanges } from './changeset/classify-changes.js';
export { composeChangesets } from './changeset/compose.js';
export type { PathState } from './changeset/disk-tree.js';
export { blobPath, loadChangeset, saveManifest } from './changeset/manifest.js';
export { type ChooseOptions, chooseBackend } from './choose.js';
export { BackendUnavailableError, WorkspaceError } from './failure.js';
export { foreignOwned } from './overlay/foreign-owned.js';
export { sweepScratch } from './scratch/scratch.js';
export { makeTemporary, sweepTemporary } from './scratch/temporary.js';
export type {
  Backend,
  BackendName,
  BaseLookup,
  ChooseChanges,
  ChosenBackend,
  Collected,
  Command,
  OpenOptions,
  Running,
  Workspace,
} from './workspace.js';
