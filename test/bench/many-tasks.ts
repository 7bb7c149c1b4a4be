import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { must } from './compare.js';

const TASKS = 200;
const AT_ONCE = 8;
const NAMES = Array.from({ length: TASKS }, (_, index) => `t${index}`);

/** A way of running 200 times `true`, 8 at once. */
export interface Runner {
  name: string;
  /** What its ratio must not exceed. */
  target?: number;
  run: () => void;
}

/** The same for one that could not be installed or run here, and why. */
export interface Absent {
  name: string;
  why: string;
}

export function forgePlan(dir: string): void {
  const tasks = NAMES.map((name) => `  ${name}: { run: "true" }\n`).join('');
  writeFileSync(
    join(dir, 'forge.plan.yaml'),
    `version: 1\nroot: .\nconcurrency: ${AT_ONCE}\ntasks:\n${tasks}`,
  );
}

/**
 * What no runner of tasks with a view each could do without: the namespaces that forge makes (as real root no user
 * namespace), an overlay over the tree with an upper folder of its own, and `true` in it. `argv[2]`: where the upper
 * folders lie.
 */
const BARE = `import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
const [tree, isRoot] = [process.cwd(), process.getuid() === 0];
const scratch = mkdtempSync(join(process.argv[2], 'bare-'));
const user = isRoot ? [] : ['-U', '--map-user=' + process.getuid(), '--map-group=' + process.getgid(), '--keep-caps'];
const script = 'mount -t overlay overlay -o "$1" "$2" && cd "$2" && exec true';
let [started, ended] = [0, 0];
await new Promise((resolve, reject) => {
  const next = () => {
    if (started === ${TASKS}) return;
    started += 1;
    const own = join(scratch, String(started));
    for (const folder of [own, join(own, 'upper'), join(own, 'work')]) mkdirSync(folder);
    const options = (isRoot ? '' : 'userxattr,') + 'volatile,lowerdir=' + tree + ',upperdir=' + own + '/upper,workdir=' + own + '/work';
    spawn('unshare', [...user, '-mp', '--fork', '--mount-proc', 'sh', '-c', script, 'sh', options, tree], { stdio: 'ignore' })
      .on('error', reject)
      .on('close', (code) => {
        if (code !== 0) reject(new Error('exit code ' + code));
        ended += 1;
        if (ended === ${TASKS}) resolve();
        next();
      });
  };
  for (let slot = 0; slot < ${AT_ONCE}; slot += 1) next();
});
rmSync(scratch, { recursive: true });
`;

/** The rivals, each tried once, in folders of their own in `scratch`; uppers of the bare script in `state`. */
export function rivals(scratch: string, state: string): (Runner | Absent)[] {
  return [
    attempt('bare script: unshare + overlay + true', 2, () => {
      const dir = folder(scratch, 'bare', { 'bare.mjs': BARE });
      return () => must(process.execPath, ['bare.mjs', state], { cwd: dir });
    }),
    attempt('nx', 1, () => nx(scratch)),
    attempt('moon', 1, () => moon(scratch)),
    attempt('wireit (no workspaces)', undefined, () => wireit(scratch)),
  ];
}

function attempt(name: string, target: number | undefined, prepare: () => () => void): Runner | Absent {
  try {
    const run = prepare();
    run();
    return { name, target, run };
  } catch (error) {
    return { name, why: (error as Error).message.trim().split('\n').slice(0, 2).join(' ').slice(0, 200) };
  }
}

function folder(scratch: string, name: string, files: Readonly<Record<string, string>>): string {
  const dir = join(scratch, name);
  mkdirSync(dir);
  for (const [file, text] of Object.entries(files)) writeFileSync(join(dir, file), text);
  return dir;
}

function install(dir: string, what: string): void {
  must('npm', ['install', '--no-audit', '--no-fund', '--silent', '--no-save', what], { cwd: dir });
}

const packageJson = (more: object = {}) => JSON.stringify({ name: 'many', private: true, ...more });

function nx(scratch: string): () => void {
  const targets = Object.fromEntries(NAMES.map((name) => [name, { command: 'true', cache: false }]));
  const dir = folder(scratch, 'nx', {
    'package.json': packageJson(),
    'nx.json': JSON.stringify({ analytics: false, neverConnectToCloud: true, useDaemonProcess: false }),
    'project.json': JSON.stringify({ name: 'many', targets }),
  });
  install(dir, 'nx');
  const env = { ...process.env, NX_DAEMON: 'false', NX_NO_CLOUD: 'true', NX_TUI: 'false', CI: 'true' };
  const args = ['run-many', '-t', NAMES.join(','), `--parallel=${AT_ONCE}`, '--skipNxCache'];
  return () => must('node_modules/.bin/nx', args, { cwd: dir, env });
}

function moon(scratch: string): () => void {
  const tasks = NAMES.map((name) => `  ${name}: { command: 'true', options: { cache: false } }\n`).join('');
  const dir = folder(scratch, 'moon', {
    'package.json': packageJson(),
    '.gitignore': 'node_modules\n.moon/cache\n',
    'moon.yml': `language: unknown\ntasks:\n${tasks}`,
  });
  mkdirSync(join(dir, '.moon'));
  writeFileSync(join(dir, '.moon/workspace.yml'), 'projects:\n  many: .\ntelemetry: false\n');
  install(dir, '@moonrepo/cli');
  // It asks git what has changed since its main branch.
  must('git', ['init', '-q', '-b', 'master', dir]);
  const me = ['-c', 'user.name=bench', '-c', 'user.email=bench@example.com'];
  must('git', ['-C', dir, 'add', '-A']);
  must('git', ['-C', dir, ...me, 'commit', '-qm', 'start']);
  const args = ['run', ...NAMES.map((name) => `many:${name}`), '--concurrency', `${AT_ONCE}`];
  return () => must('node_modules/.bin/moon', args, { cwd: dir, env: { ...process.env, CI: 'true' } });
}

function wireit(scratch: string): () => void {
  const all = { dependencies: NAMES };
  const dir = folder(scratch, 'wireit', {
    'package.json': packageJson({
      scripts: Object.fromEntries([...NAMES, 'all'].map((name) => [name, 'wireit'])),
      wireit: { all, ...Object.fromEntries(NAMES.map((name) => [name, { command: 'true' }])) },
    }),
  });
  install(dir, 'wireit');
  const env = { ...process.env, WIREIT_PARALLEL: `${AT_ONCE}`, WIREIT_LOGGER: 'quiet-ci', CI: 'true' };
  return () => must('npm', ['run', '--silent', 'all'], { cwd: dir, env });
}
