import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type MergeEntry, type RefUpdate, resolveMerge } from '../../src/merge/index.js';
import { capture, type Scene } from './trees.js';

const program = fileURLToPath(new URL('merge-process.ts', import.meta.url));

/** Every fault point of the merge, in the order they are passed. */
export const FAULTS = [
  ...['merge-staging', 'merge-staged', 'merge-planned', 'merge-committed'],
  ...['merge-deleted', 'merge-folder', 'merge-displaced', 'merge-renamed', 'merge-mode'],
  ...['merge-synced', 'merge-ref', 'merge-unstaged', 'merge-done'],
];

/** Runs `merge-process.ts`; gives what it printed and how it ended. */
export function runProcess(
  args: string[],
  fault?: string,
): Promise<{ signal: string | null; code: number | null; result: unknown }> {
  const { FORGE_FAULT: _, ...env } = process.env;
  const child = spawn(process.execPath, ['--import', 'tsx', program, ...args], {
    env: fault === undefined ? env : { ...env, FORGE_FAULT: fault },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) =>
      resolve({ code, signal, result: out === '' ? undefined : JSON.parse(out) }),
    );
  });
}

/** Resolves entries and stores what `merge-process.ts write` needs; gives the job file. */
export async function prepareJob(at: Scene, entries: MergeEntry[], after?: RefUpdate): Promise<string> {
  const base = await capture(at);
  const runDir = join(at.root, '.forge/runs/r1');
  mkdirSync(runDir, { recursive: true });
  const resolution = await resolveMerge({ root: at.root, base, entries, into: join(at.dir, 'into') });
  if (!resolution.ok) throw new Error(JSON.stringify(resolution.conflicts));
  const job = join(at.dir, 'job.json');
  writeFileSync(
    job,
    JSON.stringify({ root: at.root, runDir, runId: 'r1', writes: resolution.writes, after }),
  );
  return job;
}
