import { type BigIntStats, lstatSync } from 'node:fs';
import { join } from 'node:path';
import { encodePath } from '../../util/paths/path.js';
import type { Workspace } from '../../workspace/index.js';
import { aboutOf, type Emit } from './events.js';
import type { AttemptRequest } from './executor.js';

/** How often the number of changed files is looked at, in milliseconds. */
const PROGRESS_MS = 1_000;

/** Emits `attempt.progress` when the number of changed files changes; gives the function that stops it. */
export function reportProgress(
  request: AttemptRequest,
  workspace: Workspace,
  emit: Emit,
): () => Promise<void> {
  const { part } = request.task;
  const countDone = part && filesDoneCounter(workspace.outsidePath, part.files);
  let told = { files: 0, filesDone: 0 };
  let looking: Promise<void> | undefined;
  const look = async () => {
    // A failure here costs a number in the live table; what matters is found by collect().
    const changed = await workspace.filesChanged().catch(() => undefined);
    const filesDone = countDone?.();
    const now = { files: changed ?? filesDone ?? 0, filesDone: filesDone ?? 0 };
    if (now.files === told.files && now.filesDone === told.filesDone) return;
    told = now;
    emit({ type: 'attempt.progress', ...aboutOf(request), files: now.files, filesDone });
  };
  const timer = setInterval(() => {
    looking ??= look().finally(() => {
      looking = undefined;
    });
  }, PROGRESS_MS);
  return async () => {
    clearInterval(timer);
    await looking;
  };
}

/**
 * Counts how many of the files that a task is to work through are changed or gone since now, in a workspace whose tree can
 * be read at `tree`. Costs one look at each file, whatever the size of the tree.
 */
function filesDoneCounter(tree: string, files: readonly string[]): () => number {
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
