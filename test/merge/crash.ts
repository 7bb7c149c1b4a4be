import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { type RefUpdate, resolveMerge } from '../../src/merge/index.js';
import type { ComposedEntry } from '../../src/workspace/index.js';
import { capture, type Scene } from './trees.js';

/** `merge-process.ts` as one plain JavaScript file: it starts in a fifth of the time, and the sweeps start it hundreds of times. */
const compiled = mkdtempSync(join(tmpdir(), 'forge-merge-process-'));
const program = join(compiled, 'merge-process.mjs');
buildSync({
  entryPoints: [fileURLToPath(new URL('merge-process.ts', import.meta.url))],
  outfile: program,
  bundle: true,
  platform: 'node',
  format: 'esm',
  // As in the build: what CommonJS packages `require` of node.
  banner: {
    js: "import { createRequire as requireFor } from 'node:module'; const require = requireFor(import.meta.url);",
  },
});
chmodSync(compiled, 0o755);
after(() => rmSync(compiled, { recursive: true, force: true }));

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
  uid?: number,
): Promise<{ signal: string | null; code: number | null; result: unknown }> {
  const { FORGE_FAULT: _, ...env } = process.env;
  const child = spawn(process.execPath, [program, ...args], {
    env: fault === undefined ? env : { ...env, FORGE_FAULT: fault },
    stdio: ['ignore', 'pipe', 'inherit'],
    cwd: '/',
    ...(uid === undefined ? {} : { uid, gid: uid }),
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

/** A process that has taken over the interrupted merge of `root` and sits on it; resolves when it has. */
export async function holder(root: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [program, 'hold', root], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return child;
}

/** Resolves entries and stores what `merge-process.ts write` needs; gives the job file. */
export async function prepareJob(at: Scene, entries: ComposedEntry[], after?: RefUpdate): Promise<string> {
  const base = await capture(at);
  const runDir = join(at.root, '.forge/runs/r1');
  mkdirSync(runDir, { recursive: true });
  const resolution = await resolveMerge({ root: at.root, base, entries, into: join(at.dir, 'into') });
  if (!resolution.ok) throw new Error(JSON.stringify(resolution.conflicts));
  const job = join(at.dir, 'job.json');
  writeFileSync(job, JSON.stringify({ root: at.root, runId: 'r1', writes: resolution.writes, after }));
  return job;
}
