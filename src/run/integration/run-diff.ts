import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readJournal } from '../../journal/index.js';
import { loadBase } from '../../merge/index.js';
import { ExitCode } from '../../util/errors/exit-code.js';
import { ForgeError } from '../../util/errors/forge-error.js';
import { removeTree } from '../../util/files/remove-tree.js';
import {
  applyEntries,
  type ComposedEntry,
  composeChangesets,
  decodeName,
  loadChangeset,
  makeTemporary,
} from '../../workspace/index.js';
import { keptAttempts } from '../attempt/attempt-folders.js';
import { progressOf } from '../session/open-run.js';
import type { RunFolder } from '../store/run-folder.js';

/**
 * What a run (or one of its tasks) changes against the start of the run, as a unified diff with git's headers. For a
 * task without a result (failed, interrupted): what its last attempt had changed within what it owns. Content of files
 * that git ignores was not kept from before: they show as new. `color` is git's own. Throws ForgeError (2; 1 where git fails).
 */
export async function runDiff(folder: RunFolder, task: string | undefined, color: boolean): Promise<string> {
  const { done } = progressOf(readJournal(folder.journal));
  const dirs = task === undefined ? done.map((id) => folder.changeset(id)) : [resultOf(folder, task, done)];
  const changesets = await Promise.all(dirs.map((dir) => loadChangeset(dir)));
  const entries = composeChangesets(changesets);
  const base = await loadBase(folder.base);
  // Loaded only here: commands that look at a run are to be quick.
  const { execa } = await import('execa');
  const scratch = makeTemporary('diff');
  try {
    const before = await Promise.all(entries.map(({ path }) => baseEntry(base, path)));
    for (const [side, state] of [
      ['a', before.filter((entry) => entry !== undefined)],
      ['b', entries.filter(({ kind }) => kind !== 'absent')],
    ] as const) {
      await mkdir(join(scratch, side));
      await applyEntries(join(scratch, side), state);
    }
    const {
      stdout,
      stderr,
      exitCode,
      shortMessage: message,
    } = await execa(
      'git',
      [
        'diff',
        '--no-index',
        '--no-prefix',
        '--no-ext-diff',
        `--color=${color ? 'always' : 'never'}`,
        'a',
        'b',
      ],
      {
        cwd: scratch,
        reject: false,
        stripFinalNewline: false,
        env: { GIT_CONFIG_NOSYSTEM: '1', GIT_CEILING_DIRECTORIES: dirname(scratch) },
      },
    );
    // 1 says that there are differences.
    if (exitCode !== 0 && exitCode !== 1)
      throw new ForgeError(
        `git could not compare the two sides: ${(stderr || message || '').split('\n')[0]}`,
      );
    return stdout;
  } finally {
    await removeTree(scratch);
  }
}

/** The folder of a task's changeset: its result, else what its last attempt left. */
function resultOf(folder: RunFolder, task: string, done: readonly string[]): string {
  if (done.includes(task)) return folder.changeset(task);
  for (const attempt of keptAttempts(folder, task).reverse()) {
    const dir = join(folder.attempt(task, attempt), 'changeset');
    if (existsSync(join(dir, 'manifest.json'))) return dir;
  }
  const known = done.join(', ') || 'none';
  throw new ForgeError(
    `run ${folder.id} has no work of a task ${task}; it has results of ${known}`,
    ExitCode.invalid,
  );
}

async function baseEntry(
  base: Awaited<ReturnType<typeof loadBase>>,
  path: string,
): Promise<ComposedEntry | undefined> {
  const was = await base.lookup(path);
  if (!was) return undefined;
  if (was.kind === 'symlink') return { path, kind: 'symlink', change: 'created', target: was.target ?? '' };
  if (was.kind === 'directory') return { path, kind: 'directory', change: 'created', mode: was.mode };
  const blob = await base.content(path);
  if (blob === undefined) return undefined;
  return {
    path,
    kind: 'file',
    change: 'created',
    mode: was.mode,
    size: 0,
    hash: was.hash ?? '',
    blob: typeof blob === 'string' ? blob : decodeName(blob),
  };
}
