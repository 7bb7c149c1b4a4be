import { statSync } from 'node:fs';
import { type ForgeEvent, type RunView, replayRun } from '../../journal/index.js';
import type { Plan } from '../../plan/index.js';
import { median } from '../../util/median.js';
import { listRuns, RunFolder } from '../store/run-folder.js';

/** How many runs are looked at, newest first, and how large a journal may be: estimates must cost next to nothing. */
const NEWEST_RUNS = 5;
const LARGEST_JOURNAL = 32 * 1024 * 1024;

/** What tells of which plan a run is, and how long its tasks took. */
const DURATIONS = new Set<ForgeEvent['type']>(['run.started', 'task.finished']);

/**
 * How long each task of a plan is expected to take, in milliseconds: the median of what it took when it succeeded in the
 * latest runs of this plan, else the plan's `estimate`. Tasks of which neither is known are missing.
 */
export function estimatesOf(plan: Pick<Plan, 'file' | 'root' | 'tasks'>): Map<string, number> {
  const { file, root, tasks } = plan;
  const ids = unlessItFails(() => listRuns(root).slice(-NEWEST_RUNS)) ?? [];
  const runs = ids.flatMap((id) => unlessItFails(() => readRun(new RunFolder(root, id).journal)) ?? []);
  const past = runs.filter((run) => run.plan === file);
  const estimates = new Map<string, number>();
  for (const { id, estimate } of tasks) {
    const expected = median(past.flatMap(({ took }) => took.get(id) ?? [])) ?? estimate;
    if (expected !== undefined) estimates.set(id, expected);
  }
  return estimates;
}

function readRun(journal: string): RunView | undefined {
  return statSync(journal).size > LARGEST_JOURNAL ? undefined : replayRun(journal, DURATIONS);
}

/** What is damaged, or not ours to read, tells nothing: an estimate is no reason to fail. */
function unlessItFails<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}
