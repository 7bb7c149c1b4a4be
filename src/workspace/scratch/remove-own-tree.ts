import { removeTree } from '../../util/files/remove-tree.js';
import { encodePath } from '../../util/paths/path.js';
import { workspaceFailure } from '../failure.js';

/** Removes a folder tree that is forge's own, with an error for people where it can't be. @throws WorkspaceError */
export async function removeOwnTree(dir: string | Buffer): Promise<void> {
  const path = typeof dir === 'string' ? encodePath(dir) : dir;
  try {
    await removeTree(path);
  } catch (error) {
    throw workspaceFailure(error, `remove ${path.toString()}`);
  }
}
