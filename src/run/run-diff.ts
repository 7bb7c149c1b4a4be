import { existsSync, readdirSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { ExitCode } from '../exit-code.js';
import { ForgeError } from '../forge-error.js';
import { readJournal } from '../journal/index.js';
import { loadBase } from '../merge/index.js';
import {
  applyEntries,
  type ComposedEntry,
  composeChangesets,
  decodeName,
  loadChangeset,
  makeTemporary,
} from '../workspace/index.js';
import { progressOf } from './open-run.js';
import type { RunFolder } from './run-folder.js';

/**
 * What a run (or one of its tasks) changes against the start of the run, as a unified diff with git's headers. For a
 * task without a result (failed, interrupted): what its last attempt had changed within what it owns. Content of files
 * that git ignores was not kept from before: they show as new. `color` is git's own. Throws ForgeError (2).
 */
export async function runDiff(folder: RunFolder, task: string | undefined, color: boolean): Promise<string> {
  const { done } = progressOf(readJournal(folder.journal));
  const dirs = task === undefined ? done.map((id) => folder.changeset(id)) : [resultOf(folder, task, done)];
  const changesets = await Promise.all(dirs.map((dir) => loadChangeset(dir)));
  const entries = composeChangesets(changesets);
  const base = await loadBase(folder.base);
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
    const { stdout } = await execa(
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
      { cwd: scratch, reject: false, stripFinalNewline: false, env: { GIT_CONFIG_NOSYSTEM: '1' } },
    );
    return stdout;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** The folder of a task's changeset: its result, else what its last attempt left. */
function resultOf(folder: RunFolder, task: string, done: readonly string[]): string {
  if (done.includes(task)) return folder.changeset(task);
  const names = existsSync(folder.task(task)) ? readdirSync(folder.task(task)) : [];
  const tries = names.map((name) => Number(/^attempt-(\d+)$/.exec(name)?.[1])).filter((n) => n > 0);
  for (const attempt of tries.sort((a, b) => b - a)) {
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
