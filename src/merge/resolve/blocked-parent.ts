import { type FileState, lstatOrNull } from '../../util/files/file-state.js';
import { ancestorsOf, joinRoot } from '../../util/paths/path.js';

/** Something above a path that is not a folder. */
export interface Blocked {
  folder: string;
  kind: Exclude<FileState['kind'], 'directory'>;
  /** For people, without a full stop. */
  reason: string;
}

/**
 * What stands in the way of writing to a path, if anything does: every folder above it must be a real one (never a
 * symlink, which could lead out of root) or missing. `becomesFolder` names paths that the merge itself turns into
 * folders.
 */
export function blockedParent(
  root: string,
  path: string,
  becomesFolder: (path: string) => boolean,
): Blocked | undefined {
  for (const folder of ancestorsOf(path)) {
    const kind = lstatOrNull(joinRoot(root, folder))?.kind;
    if (kind === 'directory') continue;
    if (kind === undefined || becomesFolder(folder)) return undefined;
    const name = JSON.stringify(folder);
    const reason =
      kind === 'symlink'
        ? `the folder ${name} is now a symlink in the working tree`
        : `${name} is no longer a folder in the working tree`;
    return { folder, kind, reason };
  }
  return undefined;
}
