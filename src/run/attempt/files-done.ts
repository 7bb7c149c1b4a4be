import { type BigIntStats, lstatSync } from 'node:fs';
import { join } from 'node:path';
import { encodePath } from '../../workspace/index.js';

/**
 * Takes where a workspace's tree can be read and the files that a task is to work through; gives the function that
 * counts those that are changed or gone since now. Costs one look at each file, whatever the size of the tree.
 */
export function filesDoneCounter(tree: string, files: readonly string[]): () => number {
  const before = files.map((file) => look(tree, file));
  return () =>
    files.filter((file, i) => {
      const now = look(tree, file);
      const was = before[i];
      return now?.mtimeNs !== was?.mtimeNs || now?.size !== was?.size;
    }).length;
}

function look(tree: string, file: string): BigIntStats | undefined {
  const bytes = encodePath(file);
  const path =
    typeof bytes === 'string' ? join(tree, bytes) : Buffer.concat([Buffer.from(`${tree}/`), bytes]);
  try {
    return lstatSync(path, { bigint: true, throwIfNoEntry: false });
  } catch {
    // A folder of its path became a file, or was made unreadable: the file is not there any more.
    return undefined;
  }
}
