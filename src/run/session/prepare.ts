import { loadAdapter } from '../../agents/index.js';
import type { Journal } from '../../journal/index.js';
import { type Base, branchMadeBefore, checkCommitTarget } from '../../merge/index.js';
import { createMatcher, type PathMatcher } from '../../ownership/index.js';
import type { Plan } from '../../plan/index.js';
import { ForgeError, invalid } from '../../util/errors.js';
import { listed } from '../../util/text/amounts.js';
import { type Changeset, type ChosenBackend, chooseBackend, foreignOwned } from '../../workspace/index.js';
import type { SelectedTask } from '../schedule/select-tasks.js';
import type { RunFolder } from '../store/run-folder.js';
import type { RunRequest } from './hooks.js';

/** A run whose folder, base and backend are there. */
export interface PreparedRun {
  plan: Plan;
  request: RunRequest;
  /** In topological order. */
  tasks: readonly SelectedTask[];
  folder: RunFolder;
  journal: Journal;
  base: Base;
  chosen: ChosenBackend;
  /** Changesets of tasks that succeeded in an earlier session of this run. */
  done: ReadonlyMap<string, Changeset>;
}

/** Checks that every agent of the tasks can run, before anything starts. @throws AgentUnavailableError */
export async function preflight(root: string, tasks: readonly SelectedTask[]): Promise<void> {
  for (const agent of new Set(tasks.map(({ task }) => task.agent))) {
    const adapter = await loadAdapter(agent);
    const mine = tasks.filter(({ task }) => task.agent === agent).map(({ task }) => task);
    await adapter.preflight(mine, root, process.env);
  }
}

/**
 * Checks that `--branch NAME` or `--commit`, where one is asked for, can work, before anything starts. A branch that the
 * run `id` has made itself, before it was killed, is no obstacle.
 * @throws ForgeError (2)
 */
export async function preflightCommit(
  root: string,
  { branch, commit }: Pick<RunRequest, 'branch' | 'commit'>,
  id?: string,
): Promise<void> {
  if (branch === undefined && !commit) return;
  try {
    if (branch !== undefined && id !== undefined && (await branchMadeBefore(root, branch, id))) return;
    await checkCommitTarget(root, branch);
  } catch (error) {
    throw error instanceof ForgeError ? invalid(error.message) : error;
  }
}

/** Whether a path is any of the tasks' to write. */
export function ownedByAny({ caseInsensitive }: Plan, tasks: readonly SelectedTask[]): PathMatcher {
  const matchers = tasks.map(({ task }) => {
    const patterns = task.owns.map(({ text }) => text);
    return createMatcher(patterns, { caseInsensitive });
  });
  return (path) => matchers.some((owned) => owned(path));
}

/**
 * Chooses the backend of a run. Where an ordinary user's overlay could not change files that the tasks own, because they
 * belong to somebody else, another is used instead (or, with `--backend overlay`, `note` says so).
 * @throws BackendUnavailableError
 */
export async function backendForRun(
  folder: RunFolder,
  { backend: wanted }: Pick<RunRequest, 'backend'>,
  base: Pick<Base, 'paths'> | Promise<Pick<Base, 'paths'>>,
  note: (text: string) => void,
): Promise<ChosenBackend> {
  const options = { root: folder.root, runDir: folder.dir, runId: folder.id, wanted };
  const mayBeRefused = (wanted === undefined || wanted === 'overlay') && process.getuid?.() !== 0;
  const foreign = mayBeRefused ? foreignOwned(folder.root, [...(await base).paths()]) : [];
  if (foreign.length === 0) return await chooseBackend(options);
  const why = `${listed(foreign, 1)}: another user’s or group’s, which an overlay of yours could not change`;
  const chosen = await chooseBackend({ ...options, noOverlay: wanted === undefined ? why : undefined });
  if (wanted !== undefined) note(`${why}; --backend copy can`);
  return chosen;
}
