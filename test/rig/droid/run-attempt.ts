import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { AgentEvent, Ownership, Verdict } from '../../../src/agents/index.js';
import { loadAdapter } from '../../../src/agents/index.js';
import type { Task } from '../../../src/plan/index.js';
import type { OfflineDroid } from './offline-droid.js';
import { scriptMarker } from './script.js';

/** What one attempt of a real droid is given. */
export interface AttemptOptions {
  script: string;
  task?: Partial<Task>;
  owns?: readonly string[];
  others?: readonly Ownership[];
  /** The working tree; a new empty folder if not given. */
  folder?: string;
  /** Files put into it, path -> content. */
  files?: Readonly<Record<string, string>>;
  /** Called once droid runs; what it gives is sent as a signal when it resolves. */
  signal?: () => Promise<NodeJS.Signals>;
}

/** What came of it. `folder` stays until `remove`. */
export interface AttemptResult {
  verdict: Verdict;
  exitCode: number | null;
  events: AgentEvent[];
  stdout: string;
  folder: string;
  remove(): Promise<void>;
}

/** Makes a task for tests: a droid that owns `src/**`, changed as told. */
export function testTask(changes: Partial<Task> = {}): Task {
  const at = { file: 'forge.plan.yaml', line: 1, column: 1, endLine: 1, endColumn: 2 };
  return {
    id: 'backend',
    agent: 'droid',
    prompt: 'Do it.',
    settings: {},
    owns: [{ text: 'src/**', at }],
    reads: [],
    needs: [],
    locks: [],
    timeout: 600_000,
    retries: 0,
    env: {},
    at,
    ...changes,
  };
}

/** Runs the real droid once, in a plain folder, with the command that the adapter builds. */
export async function runAttempt(droid: OfflineDroid, options: AttemptOptions): Promise<AttemptResult> {
  const base = await mkdtemp(join(tmpdir(), 'forge-attempt-'));
  const folder = options.folder ?? join(base, 'tree');
  const scratch = join(base, 'scratch');
  await mkdir(folder, { recursive: true });
  await mkdir(scratch);
  for (const [path, content] of Object.entries(options.files ?? {})) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  const task = testTask({ settings: { model: droid.model }, ...options.task });
  const adapter = await loadAdapter('droid');
  const command = await adapter.prepare({
    task: options.owns ? { ...task, owns: options.owns.map((text) => ({ text, at: task.at })) } : task,
    attempt: 1,
    prompt: `Do it. ${scriptMarker(options.script)}`,
    workspacePath: folder,
    root: folder,
    scratch,
    env: droid.env,
    others: options.others ?? [],
    caseInsensitive: false,
  });
  const [program, ...args] = droid.wrap(command.argv);
  const child = spawn(program, args, { cwd: folder, env: command.env, stdio: ['ignore', 'pipe', 'pipe'] });
  const reader = adapter.reader();
  const events: AgentEvent[] = [];
  let stdout = '';
  createInterface({ input: child.stdout }).on('line', (line) => {
    stdout += `${line}\n`;
    events.push(...reader.line(line));
  });
  let stderrTail = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderrTail = (stderrTail + chunk.toString()).slice(-4096);
  });
  const closed = once(child, 'close');
  if (options.signal) child.kill(await options.signal());
  const [exitCode, signal] = (await closed) as [number | null, NodeJS.Signals | null];
  return {
    verdict: reader.finish({ exitCode, signal, stderrTail }),
    exitCode,
    events,
    stdout,
    folder,
    remove: () => rm(base, { recursive: true }),
  };
}
