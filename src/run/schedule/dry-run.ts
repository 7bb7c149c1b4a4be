import type { Plan } from '../../plan/index.js';
import { withTilde } from '../../util/paths/shown-path.js';
import { count, formatRoughly, shortened } from '../../util/text/amounts.js';
import { sanitize, toJsonText } from '../../util/text/sanitize.js';
import { Scheduler } from './scheduler.js';
import { type SelectedTask, selectTasks } from './select-tasks.js';

/** Patterns of a task that are listed; a part of a split owns one for each file. */
const MOST_PATTERNS = 8;
/** Characters of a command that are shown. */
const LONGEST_COMMAND = 120;

/**
 * What `forge apply -n` prints: the tasks in the order they would start with one after another, what each waits for and
 * owns, then the gates. As JSON: `{plan, root, concurrency, tasks: [{id, agent, needs, owns}], gates: [{name, run}], forecast}`
 * (`forecast`, in milliseconds, where it is known how long every task takes: `{parallelMs, serialMs}`).
 */
export function renderDryRun(
  plan: Plan,
  names: readonly string[],
  { json, jobs: concurrency = plan.concurrency }: { json: boolean; jobs?: number },
): string {
  const selected = selectTasks(plan, names);
  const expected = forecast(selected, concurrency, plan.locks);
  if (json) {
    const tasks = selected.map(({ task, prerequisites }) => ({
      id: task.id,
      agent: task.agent,
      needs: prerequisites,
      owns: task.owns.map(({ text }) => text),
      run: task.run,
      droid: task.persona,
    }));
    const gates = plan.gates.map(({ name, run }) => ({ name, run }));
    return `${toJsonText({ plan: plan.file, root: plan.root, concurrency, tasks, gates, forecast: expected })}\n`;
  }
  const lines = [
    `${sanitize(plan.name)} in ${sanitize(withTilde(plan.root))}: ${count(selected.length, 'task')}, at most ${concurrency} at once`,
  ];
  for (const task of selected) lines.push(...taskLines(task));
  for (const gate of plan.gates) lines.push(`  gate ${sanitize(gate.name)}  run: ${firstLine(gate.run)}`);
  if (expected) {
    const [parallel, serial] = [formatRoughly(expected.parallelMs), formatRoughly(expected.serialMs)];
    // Where nothing is gained, only how long.
    lines.push(parallel === serial ? `about ${parallel}` : `about ${parallel} instead of ${serial}`);
  }
  return `${lines.join('\n')}\n`;
}

function taskLines({ task, prerequisites }: SelectedTask): string[] {
  const agent = task.persona === undefined ? task.agent : `${task.agent} (${task.persona})`;
  const lines = [`  ${task.id}  ${task.run === undefined ? agent : `run: ${firstLine(task.run)}`}`];
  if (task.description !== undefined) lines.push(`      ${firstLine(task.description)}`);
  if (prerequisites.length > 0) lines.push(`      after ${prerequisites.join(', ')}`);
  if (task.part) lines.push(`      ${count(task.part.files.length, 'file')}`);
  const patterns = task.owns.map(({ text }) => sanitize(text));
  const owns = shortened(patterns, MOST_PATTERNS, (more) => `and ${more} more`);
  lines.push(`      owns ${owns.join(', ') || 'nothing'}`);
  return lines;
}

function firstLine(command: string): string {
  const [first = '', ...rest] = command.trim().split('\n');
  const cut = first.length > LONGEST_COMMAND;
  return sanitize(cut ? first.slice(0, LONGEST_COMMAND) : first) + (cut || rest.length > 0 ? ' …' : '');
}

/**
 * How long tasks (in topological order) should take, by playing the run through with the scheduler that will run them, and
 * one after another, in milliseconds. Undefined unless every task has an estimate.
 */
export function forecast(
  tasks: readonly SelectedTask[],
  concurrency: number,
  locks: Readonly<Record<string, number>>,
): { parallelMs: number; serialMs: number } | undefined {
  if (tasks.length === 0 || tasks.some(({ estimate }) => estimate === undefined)) return undefined;
  const estimates = new Map(tasks.map(({ id, estimate = 0 }) => [id, estimate]));
  const scheduler = new Scheduler(tasks, { concurrency, locks });
  const running = new Map<string, number>();
  let now = 0;
  while (!scheduler.finished) {
    for (const id of scheduler.decide().start) running.set(id, now + estimates.get(id)!);
    const [id, end] = [...running].reduce((first, other) => (other[1] < first[1] ? other : first));
    now = end;
    running.delete(id);
    scheduler.ended(id, true);
  }
  return { parallelMs: now, serialMs: [...estimates.values()].reduce((sum, ms) => sum + ms, 0) };
}
