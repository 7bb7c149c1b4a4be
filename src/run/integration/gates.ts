import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Gate } from '../../plan/index.js';
import { isMade } from '../../util/errors.js';
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
    const failure = await runGate(run, gate, workspace, { file: log, redactor, signal });
    if (failure) failures.push(`gate ${gate.name} failed (${failure})`);
  }
  return failures.length > 0 ? failures.join('; ') : undefined;
}

async function runGate(
  { folder, journal }: PreparedRun,
  { name, run, env, timeout }: Gate,
  workspace: Workspace,
  { file, redactor, signal }: { file: string; redactor: Redactor; signal: AbortSignal },
): Promise<string | undefined> {
  const log = await OutputLog.anew(file, redactor);
  const began = performance.now();
  journal.append({ type: 'gate.started', name, log: file });
  let ended: Ended;
  try {
    const environment = { ...inheritedEnvironment(), ...env, PWD: workspace.path, FORGE_RUN: folder.id };
    ended = await supervise(
      workspace,
      { argv: ['sh', '-c', run], env: environment },
      { timeoutMs: timeout, signal, log, onLine: () => undefined },
    );
    if (ended.error) await log.note(`${ended.error.message}\n`);
  } finally {
    await log.close();
  }
  const ok = !ended.error && !ended.stopped && ended.exitCode === 0;
  const ms = Math.round(performance.now() - began);
  journal.append({ type: 'gate.finished', name, ok, exitCode: ended.exitCode, ms });
  return ok ? undefined : (ended.error?.message ?? ended.stopped ?? howItEnded(ended));
}
