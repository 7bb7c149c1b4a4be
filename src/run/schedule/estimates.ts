import { statSync } from 'node:fs';
import { type OnlyEvents, replayRun } from '../../journal/index.js';
import type { Plan } from '../../plan/index.js';
import { median } from '../../util/median.js';
import { listRuns, RunFolder } from '../store/run-folder.js';

/** How many runs are looked at, newest first, and how large a journal may be: estimates must cost next to nothing. */
const NEWEST_RUNS = 5;
const LARGEST_JOURNAL = 32 * 1024 * 1024;

/** What tells of which plan a run is, and how long its tasks took. */
const DURATIONS: OnlyEvents = new Set(['run.started', 'task.finished']);

/**
 * How long each task of a plan is expected to take, in milliseconds: the median of what it took when it succeeded in the
 * latest runs of this plan, else the plan's `estimate`. Tasks of which neither is known are missing.
 */
export function estimatesOf(plan: Pick<Plan, 'file' | 'root' | 'tasks'>): Map<string, number> {
  const past = pastDurations(plan.root, plan.file);
  const estimates = new Map<string, number>();
  for (const { id, estimate } of plan.tasks) {
    const expected = median(past.get(id) ?? []) ?? estimate;
    if (expected !== undefined) estimates.set(id, expected);
  }
  return estimates;
}

/** What tasks took when they last succeeded in the latest runs, by id. */
function pastDurations(root: string, planFile: string): Map<string, number[]> {
  const durations = new Map<string, number[]>();
  for (const id of latestRuns(root)) {
    for (const [task, ms] of tookIn(new RunFolder(root, id).journal, planFile)) {
      durations.set(task, [...(durations.get(task) ?? []), ms]);
    }
  }
  return durations;
}

function latestRuns(root: string): string[] {
  try {
    return listRuns(root).slice(-NEWEST_RUNS);
  } catch {
    // No permission to look: as if there were none.
    return [];
  }
}

/** What tasks took in a run of the plan. A run that cannot be read tells nothing: an estimate is no reason to fail. */
function tookIn(journal: string, planFile: string): Iterable<[task: string, ms: number]> {
  try {
    if (statSync(journal).size > LARGEST_JOURNAL) return [];
    const run = replayRun(journal, DURATIONS);
    return run.plan === planFile ? run.took : [];
  } catch {
    // Damaged, or not ours to read: see above.
    return [];
  }
}
