export { applyEntries } from './apply.js';
export type {
  Changeset,
  ChangesetEntry,
  ComposedEntry,
  EntryKind,
  FoundChange,
  RelativePath,
} from './changeset.js';
export { type ChooseOptions, chooseBackend } from './choose.js';
export { composeChangesets } from './compose.js';
export { BackendUnavailableError, WorkspaceError } from './failure.js';
export { foreignOwned } from './foreign-owned.js';
export { gitIgnored } from './git-ignored.js';
export { blobPath, loadChangeset, saveManifest } from './manifest.js';
export { decodeName, decodeNames, encodePath } from './path-bytes.js';
export { sweepScratch } from './scratch.js';
export { type SortedChanges, sortChanges } from './sort-changes.js';
export { makeTemporary, sweepTemporary } from './temporary.js';
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
