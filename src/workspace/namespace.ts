import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { type Confinement, missingProgram, notStarted, spawnDetached } from './confinement.js';
import { WorkspaceError } from './failure.js';
import { MARKER, signal, signalProcessesOf } from './processes.js';
import { run } from './run-program.js';
import { findTool } from './tools.js';
import type { Command, Running } from './workspace.js';

/** A mount to make in a namespace. Overlay options name their folders relative to `cwd`, so that no path needs quoting. */
export type Mount =
  | { type: 'overlay'; target: string; options: string }
  /** The target becomes read-only. */
  | { type: 'read-only'; target: string };

export interface NamespaceOptions {
  /** Marker of its processes. */
  name: string;
  /** Folder in which the mounts are made (relative names in overlay options). */
  cwd: string;
  /** Folder in which commands start, as seen inside. */
  view: string;
  mounts: readonly Mount[];
  /** With a user namespace: needed by everybody but real root. */
  userNamespace: boolean;
  extraEnv?: Readonly<Record<string, string>>;
}

/**
 * The first process of the namespace. Everything comes in as arguments. After the mounts it reaps whatever is
 * orphaned in the namespace (every shell reaps while it waits for a program, here `cat`, which ends with the pipe to
 * forge; were it killed, the loop starts another), so that the namespace ends with forge in any case.
 */
const KEEPER = `set -e
cd "$1"
view=$2
shift 2
while [ $# -gt 0 ]; do
  case $1 in
    overlay) mount -n -t overlay overlay -o "$3" "$2"; shift 3 ;;
    read-only) mount -n --rbind "$2" "$2"; mount -n -o remount,bind,ro "$2"; shift 2 ;;
  esac
done
cd "$view"
echo ready
until cat >/dev/null; do :; done`;

/** The programs without which there are no namespaces (all of util-linux, but sh and cat). */
const TOOLS = ['setpriv', 'unshare', 'nsenter', 'mount', 'sh', 'cat'];

/** Why namespaces can't be used, without trying; undefined when they may work. */
export function namespacesRuledOut(): string | undefined {
  if (process.platform !== 'linux') return 'only Linux has the namespaces it needs';
  if (process.env.FORGE_ISOLATION === 'none') return 'FORGE_ISOLATION=none turns namespaces off';
  const missing = TOOLS.filter((tool) => findTool(tool) === undefined);
  if (missing.length > 0) return `${missing.join(', ')} not found (package util-linux)`;
  return undefined;
}

/**
 * A private mount and PID namespace (and, for ordinary users, a user namespace in which the user stays who they are):
 * the mounts of one workspace and all its processes, which end with it. The chain node -> unshare -> first process is
 * tied together by parent-death signals, so that it falls even when forge is killed with SIGKILL.
 */
export class Namespace implements Confinement {
  readonly #active = new Set<ChildProcess>();
  #count = 0;
  #closed = false;

  private constructor(
    readonly options: NamespaceOptions,
    readonly chain: ChildProcess,
    readonly keeper: number,
    /** In the environment of forge's own processes inside, so that they are not taken for a task's. */
    readonly token: string,
  ) {}

  /** Makes the namespace and its mounts. Throws WorkspaceError with the reason in one line. */
  static async open(options: NamespaceOptions): Promise<Namespace> {
    const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
    const user = options.userNamespace
      ? ['-U', `--map-user=${uid}`, `--map-group=${gid}`, '--keep-caps']
      : [];
    const mounts = options.mounts.flatMap((mount) =>
      mount.type === 'overlay' ? [mount.type, mount.target, mount.options] : [mount.type, mount.target],
    );
    const token = `FORGE_KEEPER=${randomBytes(12).toString('hex')}`;
    const chain = spawn(
      tool('setpriv'),
      [
        ...['--pdeathsig', 'KILL', tool('unshare'), ...user],
        ...['-mp', '--fork', '--kill-child=KILL', '--mount-proc', tool('sh'), '-c', KEEPER, 'sh'],
        ...[options.cwd, options.view, ...mounts],
      ],
      {
        detached: true,
        stdio: ['pipe', 'pipe', 'pipe'],
        // The mount(2) call, not fsconfig(2): values of the latter end at 255 characters.
        env: { ...helperEnv(token), LIBMOUNT_FORCE_MOUNT2: 'always' },
      },
    );
    try {
      await untilReady(chain);
      const keeper = childOf(chain.pid ?? 0);
      if (keeper !== undefined) return new Namespace(options, chain, keeper, token);
      throw new WorkspaceError('the first process of the namespace could not be found in /proc');
    } catch (error) {
      // Whatever went wrong (no file handle left to look into /proc): it would live, and keep forge from ending.
      chain.kill('SIGKILL');
      for (const stream of [chain.stdin, chain.stdout, chain.stderr]) stream?.destroy();
      throw error;
    }
  }

  outside(path: string): string {
    return `/proc/${this.keeper}/root${path}`;
  }

  spawn(command: Command): Running {
    if (this.#hasEnded())
      return notStarted(new WorkspaceError(`the workspace ${this.options.name} is closed`));
    const missing = missingProgram(command, this.options.view, (path) => this.outside(path));
    if (missing !== undefined) return notStarted(missing);
    this.#count += 1;
    const marker = `${this.options.name}:${this.#count}`;
    const env = { ...command.env, ...this.options.extraEnv, [MARKER]: marker };
    const { child, ...running } = spawnDetached(
      [tool('setpriv'), '--pdeathsig', 'KILL', ...this.#enter(), ...command.argv],
      { env },
    );
    this.#active.add(child);
    child.once('exit', () => this.#active.delete(child));
    return { ...running, kill: (name) => this.#kill(name, child, marker) };
  }

  async endProcesses(): Promise<number> {
    if (this.#hasEnded()) return 0;
    const ended = new Set<string>();
    for (;;) {
      const living = this.#living();
      if (living.length === 0) return ended.size;
      for (const process of living) ended.add(process);
      await run(tool('nsenter'), [...this.#target(), tool('sh'), '-c', 'kill -KILL -1'], {
        env: helperEnv(this.token),
      });
      if (this.#hasEnded()) return ended.size;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (!isOver(this.chain)) {
      const over = new Promise((resolve) => this.chain.once('exit', resolve));
      signal(this.keeper, 'SIGKILL');
      await over;
    }
    this.chain.stdin?.destroy();
    this.chain.stdout?.destroy();
    this.chain.stderr?.destroy();
  }

  #hasEnded(): boolean {
    return this.#closed || isOver(this.chain);
  }

  #target(): string[] {
    const user = this.options.userNamespace ? ['-U', '--preserve-credentials'] : [];
    // --wd without a value is the keeper's own working folder, which is the view: every version has it.
    return ['-t', String(this.keeper), ...user, '-m', '-p', '--wd', '--'];
  }

  #enter(): string[] {
    return [tool('nsenter'), ...this.#target()];
  }

  /**
   * Signals a command and all it started. `kill -1` inside reaches everything but the first process in one atomic
   * step; with several commands at once, only what carries the command's marker or descends from it is meant.
   */
  #kill(name: 'SIGTERM' | 'SIGKILL', child: ChildProcess, marker: string): void {
    if (this.#hasEnded()) return;
    const others = [...this.#active].some((other) => other !== child);
    if (others) {
      signalProcessesOf(marker, name, isOver(child) ? [] : [child.pid ?? 0], child.pid);
    } else {
      const script = name === 'SIGKILL' ? 'kill -KILL -1' : 'kill -TERM -1; kill -CONT -1';
      const helper = spawn(tool('nsenter'), [...this.#target(), tool('sh'), '-c', script], {
        stdio: 'ignore',
        env: helperEnv(this.token),
      });
      // Failing to start it (out of processes) leaves the close of the workspace, which needs no new process.
      helper.once('error', () => undefined);
    }
    // nsenter stops itself when its command is stopped, and would then not notice the command's end.
    if (!isOver(child)) child.kill('SIGCONT');
  }

  /** Living processes inside but the keeper's own, as `pid:start time` of the namespace's /proc. */
  #living(): string[] {
    const proc = this.outside('/proc');
    const found: string[] = [];
    for (const pid of readdirSync(proc)) {
      if (!/^\d+$/.test(pid) || pid === '1') continue;
      try {
        const stat = readFileSync(`${proc}/${pid}/stat`, 'latin1');
        const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        if (fields[0] === 'Z' || fields[0] === 'X') continue;
        if (readFileSync(`${proc}/${pid}/environ`, 'latin1').includes(this.token)) continue;
        found.push(`${pid}:${fields[19]}`);
      } catch {
        // Ended between the two readings.
      }
    }
    return found;
  }
}

function tool(name: string): string {
  const path = findTool(name);
  if (path === undefined) throw new WorkspaceError(`${name} not found (package util-linux)`);
  return path;
}

/** Environment of forge's own processes in a namespace. `token` is `NAME=value`. */
function helperEnv(token: string): Record<string, string> {
  const [name = '', value = ''] = token.split('=');
  return { PATH: `${process.env.PATH ?? ''}:/usr/bin:/bin:/usr/sbin:/sbin`, LC_ALL: 'C', [name]: value };
}

function isOver(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** Waits for the keeper's line; rejects with what went wrong. */
function untilReady(chain: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let complaint = '';
    chain.stderr?.on('data', (chunk: Buffer) => {
      // Later on the shell only reports that its `cat` was killed.
      if (complaint.length < 2000) complaint += chunk.toString('utf8');
    });
    chain.stdin?.on('error', () => undefined);
    chain.once('error', (error) => reject(new WorkspaceError(error.message, { cause: error })));
    chain.once('close', (code, signalName) =>
      reject(
        new WorkspaceError(firstLine(complaint) || `the namespace ended at once (${signalName ?? code})`),
      ),
    );
    chain.stdout?.once('data', () => resolve());
  });
}

function firstLine(text: string): string {
  return text.trim().split('\n', 1)[0] ?? '';
}

/** The one child of unshare: the first process of the namespace, by its pid out here. */
function childOf(pid: number): number | undefined {
  const list = `/proc/${pid}/task/${pid}/children`;
  if (existsSync(list)) return Number.parseInt(readFileSync(list, 'utf8'), 10) || undefined;
  // Kernels without CONFIG_PROC_CHILDREN.
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
      if (stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] === String(pid)) return Number(name);
    } catch {
      // Ended between the two readings.
    }
  }
  return undefined;
}
