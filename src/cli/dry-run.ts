import type { Plan } from '../plan/index.js';
import { sanitize } from '../report/index.js';
import { selectTasks } from '../run/index.js';

/**
 * What `forge apply -n` prints: the tasks in the order they would start with one after another, what each waits for and
 * owns, then the gates. As JSON: `{plan, concurrency, tasks: [{id, agent, needs, owns}], gates: [{name, run}]}`.
 */
export async function renderDryRun(
  plan: Plan,
  names: readonly string[],
  options: { json: boolean; jobs?: number },
): Promise<string> {
  const selected = selectTasks(plan, names);
  const concurrency = options.jobs ?? plan.concurrency;
  if (options.json) {
    const tasks = selected.map(({ task, prerequisites }) => ({
      id: task.id,
      agent: task.agent,
      needs: prerequisites,
      owns: task.owns.map(({ text }) => text),
      ...(task.run !== undefined && { run: task.run }),
    }));
    const gates = plan.gates.map(({ name, run }) => ({ name, run }));
    return `${JSON.stringify({ plan: plan.file, concurrency, tasks, gates })}\n`;
  }
  const lines = [`${plan.name}: ${selected.length} tasks, at most ${concurrency} at once`];
  for (const { task, prerequisites } of selected) {
    const what = task.run === undefined ? task.agent : `run: ${firstLine(task.run)}`;
    lines.push(`  ${task.id}  ${what}`);
    if (prerequisites.length > 0) lines.push(`      after ${prerequisites.join(', ')}`);
    const owns = task.owns.map(({ text }) => sanitize(text)).join(', ');
    lines.push(`      owns ${owns || 'nothing'}`);
  }
  for (const gate of plan.gates) lines.push(`  gate ${sanitize(gate.name)}  run: ${firstLine(gate.run)}`);
  return `${lines.join('\n')}\n`;
}

function firstLine(command: string): string {
  const [first = '', ...rest] = command.trim().split('\n');
  return sanitize(first) + (rest.length > 0 ? ' …' : '');
}
