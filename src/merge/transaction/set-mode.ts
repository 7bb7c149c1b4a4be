import { chmod } from 'node:fs/promises';
import { syncPath } from '../../journal/index.js';
import { codeOf } from '../../util/errors/system-error.js';
import { nameOf } from '../../util/paths/relative-path.js';
import { look } from '../base/seen.js';
import type { Folder } from './folder.js';
import type { PlannedWrite } from './merge-plan.js';

/** Gives a file or folder its new permission bits and syncs it; something of another kind in its place is left alone. */
export async function setMode(folder: Folder, write: PlannedWrite): Promise<void> {
  const at = folder.at(nameOf(write.path));
  const kind = write.kind === 'directory' ? 'directory' : write.expected?.kind;
  const now = await look(at);
  if (now === null || now.kind !== kind || now.kind === 'symlink') return;
  if (now.mode !== write.mode) await chmod(at, write.mode!);
  await syncPath(at).catch((error: unknown) => {
    // Not readable for us (any more): the folder's own sync has to do.
    if (codeOf(error) !== 'EACCES' && codeOf(error) !== 'ENOENT') throw error;
  });
}
