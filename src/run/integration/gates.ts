import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Gate } from '../../plan/index.js';
import { isMade } from '../../util/errors/system-error.js';
import type { Workspace } from '../../workspace/index.js';
import { inheritedEnvironment } from '../attempt/inherited-environment.js';
import { OutputLog } from '../attempt/output.js';
import { type Ended, howItEnded, supervise } from '../attempt/supervise.js';
import type { Redactor } from '../secrets/redactor.js';
import type { PreparedRun } from '../session/prepare.js';

/**
 * Runs the gates one after another in the integration workspace, in the plan's order: what an earlier one builds, a
 * later one finds. Stops at the first that fails unless the run keeps going. Gives what failed, in one sentence;
 * undefined when all passed.
 */
export async function runGates(
  run: PreparedRun,
  workspace: Workspace,
  redactor: Redactor,
  signal: AbortSignal,
): Promise<string | undefined> {
  const failures: string[] = [];
  for (const [index, gate] of run.plan.gates.entries()) {
    if (signal.aborted || (failures.length > 0 && !run.request.keepGoing)) break;
    const log = run.folder.gateLog(index);
    isMade(() => mkdirSync(dirname(log)));
    writeFileSync(log, '', { mode: 0o600 });
    run.journal.append({ type: 'gate.started', name: gate.name, log });
    const began = performance.now();
    const ended = await runGate(run, gate, workspace, new OutputLog(log, redactor), signal);
    const ok = !ended.error && !ended.stopped && ended.exitCode === 0;
    const ms = Math.round(performance.now() - began);
    run.journal.append({ type: 'gate.finished', name: gate.name, ok, exitCode: ended.exitCode, ms });
    const how = ended.error?.message ?? ended.stopped ?? howItEnded(ended);
    if (!ok) failures.push(`gate ${gate.name} failed (${how})`);
  }
  return failures.length > 0 ? failures.join('; ') : undefined;
}

async function runGate(
  { folder }: PreparedRun,
  { run, env, timeout }: Gate,
  workspace: Workspace,
  log: OutputLog,
  signal: AbortSignal,
): Promise<Ended> {
  const environment = { ...inheritedEnvironment(), ...env, PWD: workspace.path, FORGE_RUN: folder.id };
  const command = { argv: ['sh', '-c', run], env: environment } as const;
  try {
    const options = { timeoutMs: timeout, signal, log, onLine: () => undefined };
    const ended = await supervise(workspace, command, options);
    if (ended.error) await log.note(`${ended.error.message}\n`);
    return ended;
  } finally {
    await log.close();
  }
}
