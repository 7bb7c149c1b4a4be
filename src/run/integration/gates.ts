import { dirname } from 'node:path';
import type { Journal } from '../../journal/index.js';
import type { Gate } from '../../plan/index.js';
import { makeFolder } from '../../util/files/make-folder.js';
import type { Workspace } from '../../workspace/index.js';
import { inheritedEnvironment } from '../attempt/inherited-environment.js';
import { OutputLog, Tail } from '../attempt/output.js';
import { howItEnded, supervise } from '../attempt/supervise.js';
import type { Redactor } from '../secrets/redactor.js';
import type { RunFolder } from '../store/run-folder.js';

/** Characters of a failed gate's output that its message shows. */
const TAIL = 2_000;

/**
 * Runs the gates one after another in the integration workspace, in the plan's order: what an earlier one builds, a
 * later one finds. Stops at the first that fails unless `keepGoing`. Gives the failures, '' when all passed.
 */
export async function runGates(options: {
  gates: readonly Gate[];
  workspace: Workspace;
  folder: RunFolder;
  journal: Journal;
  redactor: Redactor;
  keepGoing: boolean;
  signal: AbortSignal;
}): Promise<{ name: string; reason: string; tail: string }[]> {
  const failures: { name: string; reason: string; tail: string }[] = [];
  for (const [index, gate] of options.gates.entries()) {
    if (options.signal.aborted) break;
    const failure = await runGate(gate, options.folder.gateLog(index), options);
    if (failure) failures.push({ name: gate.name, ...failure });
    if (failure && !options.keepGoing) break;
  }
  return failures;
}

async function runGate(
  gate: Gate,
  logFile: string,
  { workspace, folder, journal, redactor, signal }: Parameters<typeof runGates>[0],
): Promise<{ reason: string; tail: string } | undefined> {
  await makeFolder(dirname(logFile));
  const env = { ...inheritedEnvironment(), ...gate.env, PWD: workspace.path, FORGE_RUN: folder.id };
  const log = new OutputLog(logFile, { fresh: true, redactor });
  const tail = new Tail(TAIL);
  const began = performance.now();
  journal.append({ type: 'gate.started', name: gate.name, log: logFile });
  const ended = await supervise(
    workspace,
    {
      argv: ['sh', '-c', gate.run],
      env,
    },
    { timeoutMs: gate.timeout, signal, log, onLine: (_stream, text) => tail.add(text) },
  );
  if (ended.error) log.note(`${ended.error.message}\n`);
  await log.close();
  const ok = !ended.error && !ended.stopped && ended.exitCode === 0;
  const ms = Math.round(performance.now() - began);
  journal.append({ type: 'gate.finished', name: gate.name, ok, exitCode: ended.exitCode, ms });
  if (ok) return undefined;
  return { reason: ended.error?.message ?? ended.stopped ?? howItEnded(ended), tail: tail.text };
}
