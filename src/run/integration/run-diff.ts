import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { doneTasks, replayRun } from '../../journal/index.js';
import { type Base, loadBase } from '../../merge/index.js';
import { ForgeError, invalid } from '../../util/errors.js';
import { removeTree } from '../../util/files/remove-tree.js';
import { git } from '../../util/git/git.js';
import { decodeName } from '../../util/paths/path.js';
import {
  applyEntries,
  type ComposedEntry,
  composeChangesets,
  loadChangeset,
  makeTemporary,
} from '../../workspace/index.js';
import type { RunFolder } from '../store/run-folder.js';

/**
 * What a run (or one of its tasks) changes against the start of the run, as a unified diff with git's headers. For a
 * task without a result (failed, interrupted): what its last attempt had changed within what it owns. Content of files
 * that git ignores was not kept from before: they show as new. `color` is git's own.
 * @throws ForgeError (2; 1 where git fails)
 */
export async function runDiff(folder: RunFolder, task: string | undefined, color: boolean): Promise<Buffer> {
  const done = doneTasks(replayRun(folder.journal));
  const dirs = task === undefined ? done.map((id) => folder.changeset(id)) : [resultOf(folder, task, done)];
  const entries = composeChangesets(await Promise.all(dirs.map((dir) => loadChangeset(dir))));
  const base = await loadBase(folder.base);
  const before = await Promise.all(entries.map(({ path }) => baseEntry(base, path)));
  const scratch = makeTemporary('diff');
  try {
    const sides = [
      ['a', before.filter((entry) => entry !== undefined)],
      ['b', entries.filter(({ kind }) => kind !== 'absent')],
    ] as const;
    for (const [side, there] of sides) {
      await mkdir(join(scratch, side));
      await applyEntries(join(scratch, side), there);
    }
    const flags = ['--no-index', '--no-prefix', '--no-ext-diff', `--color=${color ? 'always' : 'never'}`];
    const { code, stdout, stderr } = await git(scratch, ['diff', ...flags, 'a', 'b'], {
      env: { GIT_CONFIG_NOSYSTEM: '1', GIT_CEILING_DIRECTORIES: dirname(scratch) },
    });
    // 1 says that there are differences.
    if (code === 0 || code === 1) return stdout;
    throw new ForgeError(`git could not compare the two sides: ${stderr.split('\n')[0]}`);
  } finally {
    await removeTree(scratch);
  }
}

/** The folder of a task's changeset: its result, else what its last attempt left. */
function resultOf(folder: RunFolder, task: string, done: readonly string[]): string {
  if (done.includes(task)) return folder.changeset(task);
  const kept = folder.keptAttempts(task).map((attempt) => join(folder.attempt(task, attempt), 'changeset'));
  const last = kept.findLast((dir) => existsSync(join(dir, 'manifest.json')));
  if (last !== undefined) return last;
  const known = done.join(', ') || 'none';
  throw invalid(`run ${folder.id} has no work of a task ${task}; it has results of ${known}`);
}

async function baseEntry(base: Base, path: string): Promise<ComposedEntry | undefined> {
  const was = await base.lookup(path);
  const about = { path, change: 'created' } as const;
  if (was?.kind === 'symlink') return { ...about, kind: 'symlink', target: was.target ?? '' };
  if (was?.kind === 'directory') return { ...about, kind: 'directory', mode: was.mode };
  if (was?.kind !== 'file') return undefined;
  const content = await base.content(path);
  if (content === undefined) return undefined;
  const blob = typeof content === 'string' ? content : decodeName(content);
  return { ...about, kind: 'file', mode: was.mode, size: 0, hash: '', blob };
}
