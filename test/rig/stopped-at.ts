import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { ForgeResult, Project } from './project.js';
import { until } from './until.js';

/** Starts forge, which stops itself at a point of the merge (src/merge/transaction/fault.ts); SIGCONT lets it go on. */
export async function stoppedAt(
  here: Project,
  point: string,
  args: string[],
): Promise<{ forge: ChildProcess; result: Promise<ForgeResult> }> {
  let forge: ChildProcess | undefined;
  const result = here.forge(args, {
    env: { FORGE_FAULT: `stop:${point}` },
    started: (child) => {
      forge = child;
    },
  });
  const isOver = () => forge!.exitCode !== null || forge!.signalCode !== null;
  await until(() => isOver() || stateOf(forge!.pid!) === 'T');
  assert.ok(!isOver(), 'it ended before that point');
  return { forge: forge!, result };
}

/** What a process is doing, as the letter of proc(5). */
function stateOf(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return stat.charAt(stat.lastIndexOf(')') + 2);
}
