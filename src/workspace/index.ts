export type { Changeset, ChangesetEntry, RelativePath } from './changeset.js';
export { decodeName, encodePath } from './path-bytes.js';
export type {
  Backend,
  BackendName,
  BaseLookup,
  ChosenBackend,
  Collected,
  Command,
  OpenOptions,
  Running,
  Workspace,
} from './workspace.js';
