import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import {
  type BackendName,
  type ChangesetEntry,
  chooseBackend,
  composeChangesets,
  loadChangeset,
} from '../../src/workspace/index.js';
import { snapshot } from './snapshot.js';

/** What to do in one workspace; plain data, so that it can be done by another user's process too. */
export interface Exercise {
  root: string;
  backend?: BackendName;
  stateDir: string;
  /** Run by sh in the workspace. */
  script: string;
  /** Folders of changesets to start from. */
  start?: string[];
  into: string;
}

export interface Exercised {
  reason: string;
  path: string;
  exitCode: number | null;
  signal: string | null;
  output: string;
  error?: string;
  leftOver: number;
  entries: ChangesetEntry[];
  special: string[];
  outside: string[];
  /** The workspace at the end, without .git and .forge. */
  view: string[];
  filesChanged?: number;
}

/** Opens a workspace, runs the script, collects, takes a snapshot and closes. */
export async function exercise(work: Exercise): Promise<Exercised> {
  process.env.FORGE_STATE_DIR = work.stateDir;
  const runDir = `${work.root}/.forge/runs/r1`;
  mkdirSync(runDir, { recursive: true });
  const { backend, reason } = await chooseBackend({
    root: work.root,
    runDir,
    runId: 'r1',
    ...(work.backend === undefined ? {} : { wanted: work.backend }),
  });
  const start = composeChangesets(await Promise.all((work.start ?? []).map(loadChangeset)));
  const workspace = await backend.open({ root: work.root, start, name: `r${process.pid}.task.1` });
  try {
    const running = workspace.spawn({
      argv: ['sh', '-c', work.script],
      env: {
        PATH: process.env.PATH ?? '',
        HOME: work.stateDir,
        GIT_CONFIG_GLOBAL: '/dev/null',
        ROOT: work.root,
      },
    });
    const output = Promise.all([text(running.stdout), text(running.stderr)]);
    const { exitCode, signal, error } = await running.ended;
    const leftOver = await workspace.endProcesses();
    const filesChanged = await workspace.filesChanged();
    const { changeset, special, outside } = await workspace.collect(work.into);
    const translate = (target: string) =>
      target.startsWith(workspace.path) ? work.root + target.slice(workspace.path.length) : target;
    const view = snapshot(workspace.outsidePath, { without: ['.git', '.forge'], translate });
    return {
      reason,
      path: workspace.path,
      exitCode,
      signal,
      output: (await output).join(''),
      ...(error === undefined ? {} : { error: error.message }),
      leftOver,
      entries: [...changeset.entries],
      special,
      outside,
      view,
      ...(filesChanged === undefined ? {} : { filesChanged }),
    };
  } finally {
    await workspace.close();
    await backend.close();
  }
}

export async function text(stream: Readable): Promise<string> {
  let all = '';
  for await (const chunk of stream) all += String(chunk);
  return all;
}

// As a program: `exercise.ts works.json answers.json`, for a process of another user.
const [work, answer] = process.argv.slice(2);
if (process.argv[1]?.endsWith('/exercise.ts') && work !== undefined && answer !== undefined) {
  const answers: Exercised[] = [];
  for (const one of JSON.parse(readFileSync(work, 'utf8')) as Exercise[]) answers.push(await exercise(one));
  writeFileSync(answer, JSON.stringify(answers));
}
