import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BackendName } from '../../src/workspace/index.js';
import { type Exercise, type Exercised, exercise } from './exercise.js';

/** An ordinary user that needs no account. */
const NOBODY = 12345;
const AS_NOBODY = ['--reuid', String(NOBODY), '--regid', String(NOBODY), '--clear-groups'];

/** Who works in which backend, and on what kind of disk. */
export interface Setting {
  label: string;
  backend: BackendName;
  user: 'self' | 'ordinary';
  isolation?: 'none';
  disk?: 'btrfs' | 'xfs';
}

export type Collecting = Exercised & { into: string };

const isRoot = process.getuid?.() === 0;

/** All the ways that this machine can test. */
export const SETTINGS: readonly Setting[] = [
  { label: 'overlay', backend: 'overlay', user: 'self' },
  { label: 'overlay as an ordinary user', backend: 'overlay', user: 'ordinary' },
  { label: 'copy', backend: 'copy', user: 'self' },
  { label: 'copy as an ordinary user', backend: 'copy', user: 'ordinary' },
  { label: 'copy without namespaces', backend: 'copy', user: 'self', isolation: 'none' },
  { label: 'clone on btrfs', backend: 'clone', user: 'self', disk: 'btrfs' },
  { label: 'clone on xfs', backend: 'clone', user: 'self', disk: 'xfs' },
];

/** Why a setting can't be tested here, for `skip`; false when it can. */
export function unavailable(setting: Setting): string | false {
  if (setting.user === 'ordinary' && !isRoot) return 'only root can become another user';
  if (setting.disk === undefined) return false;
  if (!isRoot) return 'only root can mount a disk image';
  const packageName = { btrfs: 'btrfs-progs', xfs: 'xfsprogs' }[setting.disk];
  return has(`mkfs.${setting.disk}`) ? false : `mkfs.${setting.disk} not found (package ${packageName})`;
}

function has(program: string): boolean {
  try {
    execFileSync('sh', ['-c', 'command -v "$1"', 'sh', program], {
      env: { PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
    });
    return true;
  } catch {
    return false;
  }
}

/** A temporary folder with a root to work on and a state folder, and what it takes to remove them. */
export class Grounds {
  readonly dir: string;
  readonly root: string;
  readonly state: string;
  #outs = 0;
  #image: string | undefined;

  constructor(
    readonly setting: Setting,
    rootName = 'root',
  ) {
    this.dir = realpathSync(mkdtempSync(join(tmpdir(), 'forge-ws-')));
    chmodSync(this.dir, 0o755);
    if (setting.disk !== undefined) this.#mountImage(setting.disk);
    this.root = join(this.dir, 'disk', rootName);
    this.state = join(this.dir, 'disk', 'state');
    mkdirSync(this.root, { recursive: true });
    mkdirSync(this.state);
    mkdirSync(`${this.dir}/outs`);
    if (setting.user === 'ordinary') execFileSync('chown', ['-R', `${NOBODY}:${NOBODY}`, this.dir]);
  }

  #mountImage(disk: 'btrfs' | 'xfs'): void {
    this.#image = `${this.dir}/image`;
    mkdirSync(`${this.dir}/disk`);
    const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
    execFileSync('truncate', ['-s', '400M', this.#image]);
    execFileSync(`mkfs.${disk}`, ['-q', this.#image], { env });
    execFileSync('mount', ['-o', 'loop', this.#image, `${this.dir}/disk`], { env });
  }

  /** Names of what is left in forge's own folder in the state folder. */
  scratch(): string[] {
    return readdirSync(this.state)
      .flatMap((own) => readdirSync(join(this.state, own)))
      .filter((name) => name !== 'made-by-forge.json');
  }

  /** Runs a shell script in root, outside any workspace, as the setting's user. */
  sh(script: string, cwd = this.root): string {
    const as = this.setting.user === 'ordinary' ? ['setpriv', ...AS_NOBODY] : ['env'];
    return execFileSync(as[0]!, [...as.slice(1), 'sh', '-ec', script], {
      cwd,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env.PATH,
        GIT_CONFIG_GLOBAL: '/dev/null',
        HOME: this.dir,
        GIT_AUTHOR_NAME: 't',
        GIT_AUTHOR_EMAIL: 't@example.org',
        GIT_COMMITTER_NAME: 't',
        GIT_COMMITTER_EMAIL: 't@example.org',
      },
    });
  }

  /** A new path for a collected changeset. */
  out(): string {
    this.#outs += 1;
    return `${this.dir}/outs/${this.#outs}`;
  }

  /** Opens a workspace as the setting says, runs the script in it, collects and closes. */
  async exercise(script: string, start: string[] = []): Promise<Collecting> {
    const [done] = await this.exerciseAll([{ script, start }]);
    return done!;
  }

  /** The same for several scripts, one after another. `into` (see `out`) lets a later one start from an earlier one. */
  async exerciseAll(scripts: { script: string; start?: string[]; into?: string }[]): Promise<Collecting[]> {
    const works = scripts.map(({ script, start = [], into = this.out() }) => ({
      ...{ root: this.root, backend: this.setting.backend, stateDir: this.state },
      ...{ script, start, into },
    }));
    if (this.setting.user === 'ordinary') return this.#asOrdinaryUser(works);
    const before = process.env.FORGE_ISOLATION;
    if (this.setting.isolation !== undefined) process.env.FORGE_ISOLATION = this.setting.isolation;
    try {
      const done: Collecting[] = [];
      for (const work of works) done.push({ ...(await exercise(work)), into: work.into });
      return done;
    } finally {
      if (before === undefined) delete process.env.FORGE_ISOLATION;
      else process.env.FORGE_ISOLATION = before;
    }
  }

  #asOrdinaryUser(works: Exercise[]): Collecting[] {
    writeFileSync(`${this.dir}/works.json`, JSON.stringify(works));
    rmSync(`${this.dir}/answers.json`, { force: true });
    const program = new URL('./exercise.ts', import.meta.url).pathname;
    const as = ['--reuid', String(NOBODY), '--regid', String(NOBODY), '--clear-groups'];
    execFileSync(
      'setpriv',
      [
        ...as,
        process.execPath,
        '--import',
        'tsx',
        program,
        `${this.dir}/works.json`,
        `${this.dir}/answers.json`,
      ],
      { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, HOME: this.dir } },
    );
    const answers = JSON.parse(readFileSync(`${this.dir}/answers.json`, 'utf8')) as Exercised[];
    return answers.map((answer, index) => ({ ...answer, into: works[index]!.into }));
  }

  remove(): void {
    if (this.#image !== undefined) execFileSync('umount', [`${this.dir}/disk`]);
    execFileSync('chmod', ['-R', 'u+rwX', this.dir]);
    rmSync(this.dir, { recursive: true, force: true });
  }
}
