import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { EventBody, ForgeEvent } from '../../src/journal/index.js';

/** The built command line tool, as users get it. */
export const FORGE = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** How a forge command ended. */
export interface ForgeResult {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  /** Events of stdout when `--json` was given. */
  events: ForgeEvent[];
}

export interface ForgeOptions {
  cwd?: string;
  env?: Record<string, string | undefined>;
  /** Called with the process, to send it signals. */
  started?: (child: ReturnType<typeof spawn>) => void;
  /** User and group id to run as (needs root). */
  as?: number;
}

/** A project in a temporary folder that is removed when the test ends. */
export class Project {
  constructor(
    readonly dir: string,
    /** Where forge keeps workspaces for this test. */
    readonly state: string,
  ) {}

  /** Writes files; content null makes a folder, a name ending in `*` (stripped) an executable. */
  write(files: Record<string, string | Buffer>): void {
    for (const [name, content] of Object.entries(files)) {
      const executable = name.endsWith('*');
      const path = join(this.dir, executable ? name.slice(0, -1) : name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
      if (executable) chmodSync(path, 0o755);
    }
  }

  read(name: string): string {
    return readFileSync(join(this.dir, name), 'utf8');
  }

  path(name: string): string {
    return join(this.dir, name);
  }

  git(...args: string[]): string {
    return execFileSync('git', ['-C', this.dir, ...args], { encoding: 'utf8', env: environment() });
  }

  /** Commits everything that is there. */
  commit(message = 'start'): void {
    this.git('add', '-A');
    this.git('commit', '-qm', message, '--allow-empty');
  }

  /** Runs forge in the project and waits for its end. */
  forge(args: string[], options: ForgeOptions = {}): Promise<ForgeResult> {
    const child = spawn(process.execPath, [FORGE, ...args], {
      ...(options.as !== undefined && { uid: options.as, gid: options.as }),
      cwd: options.cwd ?? this.dir,
      env: {
        ...environment(),
        FORGE_STATE_DIR: this.state,
        CI: undefined,
        GITHUB_ACTIONS: undefined,
        ...options.env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    options.started?.(child);
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => {
        const stdout = Buffer.concat(out).toString('utf8');
        const events = args.includes('--json') ? parseEvents(stdout) : [];
        resolve({ code, signal, stdout, stderr: Buffer.concat(err).toString('utf8'), events });
      });
    });
  }

  /** Every entry below the project but `.git` and `.forge`: `path -> mode:content`, byte-exact (names and contents as latin1). */
  tree(dir = this.dir): Record<string, string> {
    const found: Record<string, string> = {};
    const walk = (folder: Buffer, prefix: string) => {
      for (const name of readdirSync(folder, { encoding: 'buffer' })) {
        const path = Buffer.concat([folder, Buffer.from('/'), name]);
        const shown = prefix + name.toString('latin1');
        if (shown === '.git' || shown === '.forge') continue;
        const stat = lstatSync(path);
        const mode = (stat.mode & 0o7777).toString(8);
        if (stat.isDirectory()) {
          found[`${shown}/`] = mode;
          walk(path, `${shown}/`);
        } else if (stat.isSymbolicLink())
          found[shown] = `link:${readlinkSync(path, 'buffer').toString('latin1')}`;
        else if (stat.isFile()) found[shown] = `${mode}:${readFileSync(path).toString('latin1')}`;
        else found[shown] = 'special';
      }
    };
    walk(Buffer.from(dir), '');
    return found;
  }

  /** Names of what forge left in the folder of its own in the state folder. */
  scratch(): string[] {
    try {
      return readdirSync(this.state)
        .flatMap((own) => readdirSync(join(this.state, own), { recursive: true, encoding: 'utf8' }))
        .filter((name) => name !== 'made-by-forge.json');
    } catch {
      return [];
    }
  }

  /** The only run of the project. */
  run(): string {
    const runs = readdirSync(join(this.dir, '.forge', 'runs'));
    if (runs.length !== 1) throw new Error(`expected one run, found ${runs.join(', ')}`);
    return runs[0]!;
  }
}

/** Makes a project: files, and a git repository with them committed unless `git` is false. */
export function project(
  context: TestContext,
  files: Record<string, string | Buffer> = {},
  options: { git?: boolean; name?: string } = {},
): Project {
  const top = realpathSync(mkdtempSync(join(tmpdir(), 'forge-test-')));
  context.after(() => rmSync(top, { recursive: true, force: true }));
  const dir = join(top, options.name ?? 'project');
  mkdirSync(dir);
  const made = new Project(dir, join(top, 'state'));
  made.write(files);
  if (options.git !== false) {
    made.git('init', '-q', '-b', 'main');
    made.commit();
  }
  return made;
}

/** Events of one type. */
export function eventsOf<T extends EventBody['type']>(
  events: readonly ForgeEvent[],
  type: T,
): Extract<ForgeEvent, { type: T }>[] {
  return events.filter((event): event is Extract<ForgeEvent, { type: T }> => event.type === type);
}

/** Backends that tests run on here. */
export const BACKENDS = ['overlay', 'copy'] as const;

function parseEvents(stdout: string): ForgeEvent[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as ForgeEvent);
}

/** The environment of every command of a test: the machine’s own git settings must not change what a test sees. */
export function environment(): NodeJS.ProcessEnv {
  return {
    ...process.env,
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_SYSTEM: '/dev/null',
    GIT_AUTHOR_NAME: 'Test',
    GIT_AUTHOR_EMAIL: 'test@example.com',
    GIT_COMMITTER_NAME: 'Test',
    GIT_COMMITTER_EMAIL: 'test@example.com',
    NO_COLOR: '1',
    FORCE_COLOR: undefined,
    // Without this a plan's own `node --test` would think it is part of ours, and pass whatever it finds.
    NODE_TEST_CONTEXT: undefined,
  };
}
