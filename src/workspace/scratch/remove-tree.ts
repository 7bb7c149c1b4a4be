import { removeTree as remove } from '../../util/files/remove-tree.js';
import { encodePath } from '../../util/paths/path-bytes.js';
import { workspaceFailure } from '../failure.js';

/** Removes a folder tree of forge's own (see util/remove-tree). @throws WorkspaceError */
export async function removeTree(dir: string | Buffer): Promise<void> {
  const path = typeof dir === 'string' ? encodePath(dir) : dir;
  try {
    await remove(path);
  } catch (error) {
    throw workspaceFailure(error, `remove ${path.toString()}`);
  }
}
