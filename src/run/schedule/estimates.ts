import { readFileSync, statSync } from 'node:fs';
import type { ForgeEvent } from '../../journal/index.js';
import type { Plan } from '../../plan/index.js';
import { median } from '../../util/median.js';
import { listRuns, RunFolder } from '../store/run-folder.js';

/** How many runs are looked at, newest first, and how large a journal may be: estimates must cost next to nothing. */
const NEWEST_RUNS = 5;
const LARGEST_JOURNAL = 32 * 1024 * 1024;

/**
 * Takes a plan; gives how long each task is expected to take, in milliseconds: the median of what it took when it
 * succeeded in the latest runs of this plan, else the plan's `estimate`. Tasks of which neither is known are missing.
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

/** What tasks took when they succeeded, by id. A run that cannot be read tells nothing: an estimate is no reason to fail. */
function pastDurations(root: string, planFile: string): Map<string, number[]> {
  const durations = new Map<string, number[]>();
  let runs: string[] = [];
  try {
    runs = listRuns(root).slice(-NEWEST_RUNS);
  } catch {
    // No permission to look: as if there were none.
  }
  for (const id of runs) {
    for (const event of taskEnds(new RunFolder(root, id).journal, planFile)) {
      if (event.state === 'succeeded')
        durations.set(event.task, [...(durations.get(event.task) ?? []), event.ms]);
    }
  }
  return durations;
}

type TaskFinished = Extract<ForgeEvent, { type: 'task.finished' }>;

/** The `task.finished` events of a run of the plan. Only these lines are parsed: most of a journal is output. */
function taskEnds(journal: string, planFile: string): TaskFinished[] {
  try {
    if (statSync(journal).size > LARGEST_JOURNAL) return [];
    const lines = readFileSync(journal, 'utf8').split('\n');
    const first = JSON.parse(lines[0]!) as ForgeEvent;
    if (first.type !== 'run.started' || first.plan !== planFile) return [];
    return lines
      .filter((line) => line.includes('"type":"task.finished"'))
      .map((line) => JSON.parse(line) as TaskFinished);
  } catch {
    // Damaged, torn or being written: see above.
    return [];
  }
}
