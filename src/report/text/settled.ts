import type { GateView, RunView, TaskView } from '../../journal/index.js';

/**
 * A run that forge ended without finishing (a second Ctrl-C, SIGKILL, a power cut), as it is and not as its last events
 * left it: nothing of it is running any more.
 */
export function settled(view: RunView): RunView {
  return {
    ...view,
    tasks: new Map(Array.from(view.tasks, ([id, task]) => [id, settledTask(task)])),
    gates: new Map(Array.from(view.gates, ([name, gate]) => [name, settledGate(gate)])),
  };
}

function settledTask(task: TaskView): TaskView {
  if (task.status !== 'running' && task.status !== 'retrying') return task;
  return { ...task, status: 'cancelled', reason: 'interrupted' };
}

function settledGate(gate: GateView): GateView {
  return gate.status === 'running' ? { ...gate, status: 'waiting' } : gate;
}
