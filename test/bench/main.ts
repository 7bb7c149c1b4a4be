/*
 * `npm run bench`: every figure as a ratio against a rival measured in the same run, with the target of the design.
 * `npm run bench -- quick` takes a smaller tree and fewer runs; names of parts (see PARTS) run only those. Prints a
 * Markdown table; fails for nothing but errors.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chooseBackend } from '../../src/workspace/index.js';
import { type Figure, inTurn, median, ms, must, outputOf, type Took, table } from './compare.js';
import { scheduleRatio } from './makespan.js';
import { forgePlan, rivals } from './many-tasks.js';
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

function add(what: string, ours: Took, rival: { name: string } & Took, target?: number, note?: string): void {
  const ratio = ours.wall / rival.wall;
  const shown = ({ wall, cpu }: Took) => ms(wall) + (cpu > 0 ? ` (CPU ${ms(cpu)})` : '');
  const figure: Figure = {
    what,
    ours: shown(ours),
    rival: `${rival.name}: ${shown(rival)}`,
    ratio,
    target: [target?.toString(), note].filter(Boolean).join(', '),
    met: target === undefined ? undefined : ratio <= target,
  };
  figures.push(figure);
  process.stderr.write(
    `${what}: ${figure.ours}, ${figure.rival}, ratio ${ratio.toFixed(2)}, target ${figure.target || 'none'}\n`,
  );
}

function folder(name: string, files: Record<string, string>): string {
  const dir = join(scratch, name);
  mkdirSync(dir, { recursive: true });
  for (const [file, text] of Object.entries(files)) writeFileSync(join(dir, file), text);
  return dir;
}

const SMALL_PLAN =
  'version: 1\nroot: .\ntasks:\n  a: { run: "true", owns: [src/**] }\n  b: { run: "true", owns: [docs/**], needs: [a] }\n';

function startUp(): void {
  const small = folder('small', { 'forge.plan.yaml': SMALL_PLAN });
  forge(['apply', '-q'], small);
  const took = inTurn(15, {
    bare: () => must(node, ['-e', '0']),
    version: () => forge(['--version'], small),
    check: () => forge(['check'], small),
    status: () => forge(['status'], small),
  });
  const bare = { name: 'node -e 0', ...took.bare };
  add('forge --version', took.version, bare, 1.3);
  add('forge check, small plan', took.check, bare, 2);
  add('forge status', took.status, bare, 1.8);
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
  const check = (dir: string) => () => forge(['check', '-q'], dir);
  const small = folder('scale-small', { 'forge.plan.yaml': SMALL_PLAN });
  const many = folder('scale2000', { 'forge.plan.yaml': plan(2000) });
  const more = folder('scale10000', { 'forge.plan.yaml': plan(10_000) });
  const took = inTurn(5, { small: check(small), many: check(many), more: check(more) });
  const rival = { name: 'forge check, small plan', ...took.small };
  add('forge check, 2000 tasks x 5 globs', took.many, rival, 4);
  const fewer = { name: '2000 tasks', ...took.many };
  add('forge check, 10000 tasks x 5 globs', took.more, fewer, 6, 'near-linear');
}

function manyTasks(): void {
  const dir = folder('many', {});
  forgePlan(dir);
  const state = join(scratch, 'bare-state');
  mkdirSync(state);
  const all = rivals(scratch, state);
  const runners = all.filter((rival) => 'run' in rival);
  const actions = { forge: () => forge(['apply', '-q'], dir) };
  const took: Record<string, Took> = inTurn(quick ? 3 : 5, {
    ...actions,
    ...Object.fromEntries(runners.map(({ name, run }) => [name, run])),
  });
  const what = '200 tasks of true, 8 at once';
  for (const { name, target } of runners) add(what, took.forge!, { name, ...took[name]! }, target);
  for (const rival of all)
    if ('why' in rival)
      figures.push({ what, ours: '', rival: `${rival.name} could not be run: ${rival.why}`, target: '' });
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
  await backend.close();
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
  const what = `open a workspace of ${size} files and run true in it`;
  const ours = { wall: median(opened), cpu: 0 };
  add(what, ours, { name: 'git worktree add', wall: worktree, cpu: 0 }, 0.01);
  add(what, ours, { name: 'cp -a', wall: copy, cpu: 0 }, 0.01);
  twentyTasks(tree, size);
}

/** 20 tasks that change 5 files each, from start to merged: against 20 git worktrees and merges, and against itself on a small tree. */
function twentyTasks(tree: string, size: number): void {
  const command = (task: number) =>
    Array.from({ length: 5 }, (_, file) => `echo // changed >> src/m${task}/f${task + file * 40}.js`).join(
      ' && ',
    );
  const tasks = Array.from(
    { length: 20 },
    (_, task) => `  t${task}: { run: '${command(task)}', owns: [src/m${task}/**] }`,
  );
  const few = join(scratch, 'few');
  mkdirSync(few);
  makeTree(few, 800);
  for (const dir of [tree, few])
    writeFileSync(
      join(dir, 'forge.plan.yaml'),
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
  const start = outputOf('git', ['rev-parse', 'HEAD'], tree).trim();
  const reset = (dir: string, to: string) =>
    must('git', ['-C', dir, 'reset', '-q', '--hard', to], { env: GIT_ENV });
  const apply = (dir: string) => () => {
    forge(['apply', '-q'], dir);
    reset(dir, 'main');
  };
  const took = inTurn(quick ? 2 : 1, {
    forge: apply(tree),
    few: apply(few),
    git: () => {
      must('sh', ['-c', script], { cwd: tree, env: GIT_ENV });
      reset(tree, start);
    },
  });
  const what = `20 tasks x 5 files on ${size} files, apply to merged`;
  add(what, took.forge, { name: 'git worktrees and merges', ...took.git }, 0.1);
  add(what, took.forge, { name: 'the same on 800 files', ...took.few }, 1.25, 'independent of size');
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

function makespan(): void {
  const ratio = scheduleRatio(quick ? 100 : 500);
  figures.push({
    what: 'makespan on random DAGs',
    ours: 'simulated',
    rival: 'max(critical path, work / N)',
    ratio,
    target: '1.10',
    met: ratio <= 1.1,
  });
}

const PARTS = { startUp, scale, manyTasks, waiting, makespan, workspaces };

try {
  const wanted = Object.entries(PARTS).filter(([name]) => process.argv.includes(name));
  for (const [, part] of wanted.length > 0 ? wanted : Object.entries(PARTS)) await part();
  const size = `${cpus().length} cores, Node ${process.versions.node}`;
  process.stdout.write(`\n${size}; medians, forge and rivals in turn\n\n${table(figures)}\n`);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
