/*
 * `npm run bench`: every figure as a ratio against a rival measured in the same run, with the target of the design.
 * `npm run bench -- quick` takes a smaller tree and fewer runs. Prints a Markdown table; fails for nothing but errors.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chooseBackend } from '../../src/workspace/index.js';
import { type Figure, inTurn, median, ms, must, outputOf, table } from './compare.js';
import { scheduleRatio } from './makespan.js';
import { GIT_ENV, makeTree } from './trees.js';

const FORGE = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const quick = process.argv.includes('quick');
/** How long an agent that only waits takes, in seconds: real ones take minutes. */
const WAIT_S = 20;
const scratch = mkdtempSync(join(tmpdir(), 'forge-bench-'));
process.env.FORGE_STATE_DIR = join(scratch, 'state');
const figures: Figure[] = [];
const node = process.execPath;
const forge = (args: string[], cwd: string) => must(node, [FORGE, ...args], { cwd, env: GIT_ENV });

function add(
  what: string,
  times: { ours: number; rival: number },
  rival: string,
  target: number,
  targetText: string,
): void {
  const ratio = times.ours / times.rival;
  const figure = {
    what,
    ours: ms(times.ours),
    rival: `${rival}: ${ms(times.rival)}`,
    ratio,
    target: targetText,
    met: ratio <= target,
  };
  figures.push(figure);
  process.stderr.write(
    `${what}: ${figure.ours}, ${figure.rival}, ratio ${ratio.toFixed(2)}, target ${targetText}\n`,
  );
}

function folder(name: string, files: Record<string, string>): string {
  const dir = join(scratch, name);
  mkdirSync(dir, { recursive: true });
  for (const [file, text] of Object.entries(files)) writeFileSync(join(dir, file), text);
  return dir;
}

function startUp(): void {
  const small = folder('small', {
    'forge.plan.yaml':
      'version: 1\nroot: .\ntasks:\n  a: { run: "true", owns: [src/**] }\n  b: { run: "true", owns: [docs/**], needs: [a] }\n',
  });
  const bare = () => must(node, ['-e', '0']);
  add(
    'forge --version',
    inTurn(15, () => forge(['--version'], small), bare),
    'node -e 0',
    1.5,
    '1.5',
  );
  add(
    'forge check, small plan',
    inTurn(15, () => forge(['check'], small), bare),
    'node -e 0',
    2.5,
    '2.5',
  );
}

function scale(): void {
  const plan = (tasks: number) => {
    const lines = ['version: 1', 'root: .', 'tasks:'];
    for (let index = 0; index < tasks; index += 1) {
      const base = `pkg${index % 97}/mod${index}`;
      lines.push(
        `  t${index}:`,
        '    run: "true"',
        `    owns: [${base}/**, "${base}-x/**/*.{ts,tsx}", "docs/${index}/**/name-*.md", "test/${base}.test.ts", "assets/${index}/*.svg"]`,
      );
    }
    return `${lines.join('\n')}\n`;
  };
  const version = () => must(node, [FORGE, '--version']);
  for (const [tasks, target] of [
    [100, 8],
    [500, 8],
    [2000, 8],
    [10_000, 40],
  ] as const) {
    const dir = folder(`scale${tasks}`, { 'forge.plan.yaml': plan(tasks) });
    const times = inTurn(tasks > 2000 ? 3 : 7, () => forge(['check', '-q'], dir), version);
    add(
      `forge check, ${tasks} tasks x 5 globs`,
      times,
      'forge --version',
      target,
      tasks > 2000 ? 'near-linear: 40' : '8',
    );
  }
}

function manyTasks(): void {
  const lines = Array.from({ length: 200 }, (_, index) => `  t${index}: { run: "true" }`);
  const bare = `import { spawn } from 'node:child_process';
let started = 0, ended = 0;
await new Promise((resolve) => {
  const next = () => {
    if (started === 200) return;
    started += 1;
    spawn('sh', ['-c', 'true'], { stdio: 'ignore' }).on('close', () => { ended += 1; if (ended === 200) resolve(); next(); });
  };
  for (let slot = 0; slot < 8; slot += 1) next();
});
`;
  const wireit: Record<string, unknown> = {};
  const scripts: Record<string, string> = { all: 'wireit' };
  for (let index = 0; index < 200; index += 1) {
    scripts[`t${index}`] = 'wireit';
    wireit[`t${index}`] = { command: 'true' };
  }
  wireit.all = { dependencies: Object.keys(scripts).filter((name) => name !== 'all') };
  const dir = folder('many', {
    'forge.plan.yaml': `version: 1\nroot: .\nconcurrency: 8\ntasks:\n${lines.join('\n')}\n`,
    'bare.mjs': bare,
    'package.json': JSON.stringify({ name: 'many', private: true, scripts, wireit }),
  });
  must('npm', ['install', '--no-audit', '--no-fund', '--silent', '--no-save', 'wireit'], { cwd: dir });
  const apply = () => forge(['apply', '-q'], dir);
  add(
    '200 tasks of true, 8 at once, workspaces included',
    inTurn(3, apply, () => must(node, ['bare.mjs'], { cwd: dir })),
    'bare script',
    2,
    '2 (without workspaces)',
  );
  const env = { ...process.env, WIREIT_PARALLEL: '8', WIREIT_LOGGER: 'quiet-ci', CI: 'true' };
  add(
    '200 tasks of true, 8 at once',
    inTurn(3, apply, () => must('npm', ['run', '--silent', 'all'], { cwd: dir, env })),
    'wireit',
    1,
    'faster',
  );
}

async function workspaces(): Promise<void> {
  const size = quick ? 4000 : 28_000;
  const tree = join(scratch, 'tree');
  mkdirSync(tree);
  makeTree(tree, size);
  const run = join(tree, '.forge', 'runs', 'bench');
  mkdirSync(run, { recursive: true });
  const { backend, reason } = await chooseBackend({ root: tree, runDir: run, runId: 'bench' });
  process.stderr.write(`workspaces: ${backend.name} (${reason})\n`);
  const opened: number[] = [];
  for (let index = 0; index < 11; index += 1) {
    const began = performance.now();
    const workspace = await backend.open({ root: tree, start: [], name: `bench.${index}` });
    const child = workspace.spawn({ argv: ['true'], env: { PATH: process.env.PATH ?? '' } });
    child.stdout.resume();
    child.stderr.resume();
    await child.ended;
    opened.push(performance.now() - began);
    await workspace.close();
  }
  const others = join(scratch, 'others');
  mkdirSync(others);
  let count = 0;
  const once = (action: () => void) => {
    const began = performance.now();
    action();
    return performance.now() - began;
  };
  const worktree = median(
    [1, 2, 3].map(() =>
      once(() =>
        must('git', ['-C', tree, 'worktree', 'add', '-q', '--detach', join(others, `w${count++}`)], {
          env: GIT_ENV,
        }),
      ),
    ),
  );
  const copy = median([1, 2, 3].map(() => once(() => must('cp', ['-a', tree, join(others, `c${count++}`)]))));
  rmSync(others, { recursive: true, force: true });
  must('git', ['-C', tree, 'worktree', 'prune']);
  const ours = median(opened);
  add(
    `open a workspace of ${size} files and run true in it`,
    { ours, rival: worktree },
    'git worktree add',
    0.01,
    '0.01',
  );
  add(`open a workspace of ${size} files and run true in it`, { ours, rival: copy }, 'cp -a', 0.01, '0.01');
  twentyTasks(tree, size);
}

/** 20 tasks that change 5 files each, from start to merged, against 20 git worktrees and merges. */
function twentyTasks(tree: string, size: number): void {
  const command = (task: number) =>
    Array.from({ length: 5 }, (_, file) => `echo // changed >> src/m${task}/f${task + file * 40}.js`).join(
      ' && ',
    );
  const tasks = Array.from(
    { length: 20 },
    (_, task) => `  t${task}: { run: '${command(task)}', owns: [src/m${task}/**] }`,
  );
  writeFileSync(
    join(tree, 'forge.plan.yaml'),
    `version: 1\nroot: .\nconcurrency: 8\ntasks:\n${tasks.join('\n')}\n`,
  );
  const script = `set -e
for t in $(seq 0 19); do
  git worktree add -q -b w$t ../wt/w$t
done
${Array.from({ length: 20 }, (_, task) => `(cd ../wt/w${task} && ${command(task)} && git commit -qam w${task})`).join('\n')}
for t in $(seq 0 19); do git merge -q --no-edit w$t; done
for t in $(seq 0 19); do git worktree remove --force ../wt/w$t; git branch -qD w$t; done
`;
  const reset = () => must('git', ['-C', tree, 'reset', '-q', '--hard', 'main~0'], { env: GIT_ENV });
  const start = outputOf('git', ['rev-parse', 'HEAD'], tree).trim();
  const times = inTurn(
    quick ? 2 : 1,
    () => {
      forge(['apply', '-q'], tree);
      reset();
    },
    () => {
      must('sh', ['-c', script], { cwd: tree, env: GIT_ENV });
      must('git', ['-C', tree, 'reset', '-q', '--hard', start], { env: GIT_ENV });
    },
  );
  add(`20 tasks x 5 files on ${size} files, apply to merged`, times, 'git worktrees and merges', 0.1, '0.1');
}

function waiting(): void {
  for (const count of quick ? [10] : [10, 50, 100]) {
    const lines = Array.from({ length: count }, (_, index) => `  t${index}: { run: sleep ${WAIT_S} }`);
    const dir = folder(`wait${count}`, {
      'forge.plan.yaml': `version: 1\nroot: .\nconcurrency: ${count}\ntasks:\n${lines.join('\n')}\n`,
    });
    const began = performance.now();
    forge(['apply', '-q'], dir);
    const took = performance.now() - began;
    const oneByOne = count * WAIT_S * 1000;
    const speedUp = oneByOne / took;
    figures.push({
      what: `${count} agents that only wait (${WAIT_S} s each)`,
      ours: ms(took),
      rival: `one after another: ${ms(oneByOne)}`,
      ratio: speedUp,
      target: `at least ${(0.95 * count).toFixed(1)}`,
      met: speedUp >= 0.95 * count,
    });
  }
}

try {
  startUp();
  scale();
  manyTasks();
  waiting();
  const ratio = scheduleRatio(quick ? 100 : 500);
  figures.push({
    what: 'makespan on random DAGs',
    ours: 'simulated',
    rival: 'max(critical path, work / N)',
    ratio,
    target: '1.10',
    met: ratio <= 1.1,
  });
  await workspaces();
  const size = `${cpus().length} cores, Node ${process.versions.node}`;
  process.stdout.write(`\n${size}; medians, forge and rival in turn\n\n${table(figures)}\n`);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
