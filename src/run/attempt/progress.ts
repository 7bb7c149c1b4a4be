import { lstatSync } from 'node:fs';
import { joinRoot } from '../../util/paths/path.js';
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
    const changed = await workspace.filesChanged();
    const filesDone = countDone?.();
    const now = { files: changed ?? filesDone ?? 0, filesDone: filesDone ?? 0 };
    if (now.files === told.files && now.filesDone === told.filesDone) return;
    told = now;
    emit({ type: 'attempt.progress', ...aboutOf(request), files: now.files, filesDone });
  };
  const timer = setInterval(() => {
    // A failure here costs a number in the live table; what matters is found by collect(), and told by later events.
    looking ??= look()
      .catch(() => undefined)
      .finally(() => {
        looking = undefined;
      });
  }, PROGRESS_MS);
  return async () => {
    clearInterval(timer);
    await looking;
  };
}

/** Counts how many of `files` below `tree` are changed or gone since now: a look at each, whatever the size of the tree. */
function filesDoneCounter(tree: string, files: readonly string[]): () => number {
  const lookAt = (file: string) => {
    try {
      return lstatSync(joinRoot(tree, file), { bigint: true, throwIfNoEntry: false });
    } catch {
      // A folder of its path became a file, or was made unreadable: the file is not there any more.
      return undefined;
    }
  };
  const before = files.map(lookAt);
  return () =>
    files.filter((file, i) => {
      const now = lookAt(file);
      const was = before[i];
      return now?.mtimeNs !== was?.mtimeNs || now?.size !== was?.size;
    }).length;
}
