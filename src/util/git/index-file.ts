import { lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gitFoldersOf } from './repository.js';

/**
 * Whether git may track something at, below or beside a folder with such a name in its path. False is certain, and costs
 * no process: versions 2 and 3 of the index have every path as it is (gitformat-index(5)). True says: ask git.
 */
export function mayBeTracked(folder: string, name: string): boolean {
  try {
    for (let top = folder; ; top = dirname(top)) {
      const hasGit = lstatSync(join(top, '.git'), { throwIfNoEntry: false }) !== undefined;
      if (hasGit && mayBeInIndex(top, name)) return true;
      if (dirname(top) === top) return false;
    }
  } catch {
    // What forge can't read, git may.
    return true;
  }
}

function mayBeInIndex(top: string, name: string): boolean {
  const folders = gitFoldersOf(top);
  if (folders === undefined) return true;
  const file = join(folders.gitDir, 'index');
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats === undefined) return false;
  // Reading a FIFO would wait for a writer.
  if (!stats.isFile() || isSplit(folders.gitDir) || isSplit(folders.commonDir)) return true;
  const index = readFileSync(file);
  const version = index.length < 12 ? 0 : index.readUInt32BE(4);
  return (version !== 2 && version !== 3) || index.includes(name);
}

/** Whether the index may lie in two files (`core.splitIndex`). */
function isSplit(gitFolder: string): boolean {
  return readdirSync(gitFolder).some((entry) => entry.startsWith('sharedindex.'));
}
