import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { isMade } from '../../util/errors.js';
import type { Workspace } from '../../workspace/index.js';
import { inheritedEnvironment } from '../attempt/inherited-environment.js';
import { OutputLog } from '../attempt/output.js';
import { howItEnded, supervise } from '../attempt/supervise.js';
import type { Redactor } from '../secrets/redactor.js';
import type { PreparedRun } from '../session/prepare.js';

/**
 * Runs the gates one after another in the integration workspace, in the plan's order: what an earlier one builds, a
 * later one finds. Stops at the first that fails unless the run keeps going. Gives what failed, in one sentence;
 * undefined when all passed.
 */
export async function runGates(
  { plan, folder, journal, request }: PreparedRun,
  workspace: Workspace,
  redactor: Redactor,
  signal: AbortSignal,
): Promise<string | undefined> {
  const failures: string[] = [];
  const inherited = inheritedEnvironment();
  for (const [index, { name, run: argument, env: own, timeout: timeoutMs }] of plan.gates.entries()) {
    if (signal.aborted || (failures.length > 0 && !request.keepGoing)) break;
    const file = folder.gateLog(index);
    isMade(() => mkdirSync(dirname(file)));
    writeFileSync(file, '', { mode: 0o600 });
    journal.append({ type: 'gate.started', name, log: file });
    const began = performance.now();
    const env = { ...inherited, ...own, PWD: workspace.path, FORGE_RUN: folder.id };
    const log = new OutputLog(file, redactor);
    const options = { timeoutMs, signal, log, onLine: () => undefined };
    const ended = await supervise(workspace, { argv: ['sh', '-c', argument], env }, options);
    try {
      if (ended.error) await log.note(`${ended.error.message}\n`);
    } finally {
      await log.close();
    }
    const ok = !ended.error && !ended.stopped && ended.exitCode === 0;
    const ms = Math.round(performance.now() - began);
    journal.append({ type: 'gate.finished', name, ok, exitCode: ended.exitCode, ms });
    const how = ended.error?.message ?? ended.stopped ?? howItEnded(ended);
    if (!ok) failures.push(`gate ${name} failed (${how})`);
  }
  return failures.length > 0 ? failures.join('; ') : undefined;
}
