import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { JournalDamagedError, replayRun } from '../../../src/journal/index.js';
import { MergeError } from '../../../src/merge/index.js';
import {
  findRoot,
  findRun,
  finishHalfWritten,
  listRuns,
  lockRoot,
  RunFolder,
  recover,
  removeRun,
  rootLockHolder,
  trustToAct,
  trustToRead,
  unbornRuns,
} from '../../../src/run/index.js';
import { ForgeError } from '../../../src/util/errors.js';
import { NotOursError } from '../../../src/util/files/provenance.js';
import { WorkspaceError } from '../../../src/workspace/index.js';

/** How one step of a command ended. */
export type Looked = 'done' | 'refused';

/** Does as a user what is done by `work`; files are then looked at, made and removed by that user. */
async function as<T>(uid: number, work: () => Promise<T>): Promise<T> {
  // git would want to read the settings of whoever runs the tests.
  Object.assign(process.env, { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' });
  process.setegid?.(uid);
  process.seteuid?.(uid);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(0);
  }
}

/**
 * Does to a root what `ls`, `status`, `diff`, `resume`, `merge`, `abort`, `clean --all` and `apply` do before anything of
 * a run is believed: the functions behind those commands, in one process, since thousands of cases are tried.
 */
export async function lookAtEverything(
  root: string,
  { uid, stateDir }: { uid: number; stateDir: string },
): Promise<Looked[]> {
  process.env.FORGE_STATE_DIR = stateDir;
  const note = () => undefined;
  const steps: (() => Promise<unknown> | unknown)[] = [
    () => findRoot(join(root, 'a')),
    () => trustToRead(root),
    () => rootLockHolder(root),
    () => finishHalfWritten(root, note),
    () => listRuns(root).map((id) => replayRun(new RunFolder(root, id).journal)),
    () => readFileSync(findRun(root).journal),
    () => trustToAct(root).then(() => recover(root, note)),
    () => recover(root, note),
    async () => {
      await trustToAct(root);
      const release = lockRoot(root, { doing: 'fuzz' });
      try {
        for (const id of [...listRuns(root), ...unbornRuns(root)]) await removeRun(new RunFolder(root, id));
      } finally {
        release();
      }
    },
  ];
  return await as(uid, async () => {
    const outcomes: Looked[] = [];
    for (const step of steps) outcomes.push(await outcomeOf(step));
    return outcomes;
  });
}

/** What becomes of a half-written merge; for telling that a planted one would be believed but for its flaw. */
export function findHalfWritten(root: string, uid: number): Promise<'finished' | 'nothing'> {
  return as(uid, async () => {
    let said = '';
    await finishHalfWritten(root, (text) => {
      said += text;
    });
    return said.includes('finished it now') ? 'finished' : 'nothing';
  });
}

async function outcomeOf(step: () => Promise<unknown> | unknown): Promise<Looked> {
  try {
    await step();
    return 'done';
  } catch (error) {
    const known = [ForgeError, MergeError, NotOursError, WorkspaceError, JournalDamagedError];
    // What the file system refuses is printed as it is; anything else is a bug.
    const isSystem = error instanceof Error && 'syscall' in error;
    if (known.some((kind) => error instanceof kind) || isSystem) return 'refused';
    throw error;
  }
}
