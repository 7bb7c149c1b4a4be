import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { codeOf } from '../../util/errors/system-error.js';
import { isWithin } from '../../util/paths/relative-path.js';
import { processStartTime } from '../../util/process/identity.js';
import { run } from '../../util/process/run-program.js';
import { WorkspaceError, workspaceFailure } from '../failure.js';
import type { Command, Running } from '../workspace.js';
import { type Confinement, missingProgram, notStarted, spawnDetached } from './confinement.js';
import {
  closeStreams,
  helperEnv,
  type Keeper,
  mountsOf,
  type NamespaceLayout,
  startKeeper,
  tool,
} from './keeper.js';
import { readMounts } from './mount-table.js';
import { Deadline, MARKER, signal, signalProcessesOf } from './processes.js';
import { capabilityArguments } from './task-capabilities.js';

export interface NamespaceOptions extends NamespaceLayout {
  /** Marker of its processes. */
  name: string;
  extraEnv?: Readonly<Record<string, string>>;
}

/**
 * A private mount and PID namespace (and, for ordinary users, a user namespace in which the user stays who they are):
 * the mounts of one workspace and all its processes, which end with it. The chain node -> unshare -> first process is
 * tied together by parent-death signals, so that it falls even when forge is killed with SIGKILL.
 */
export class Namespace implements Confinement {
  readonly #active = new Set<ChildProcess>();
  readonly #mounts: readonly string[];
  readonly #proc: bigint;
  #count = 0;
  #closed = false;

  private constructor(
    readonly options: NamespaceOptions,
    readonly keeper: Keeper,
  ) {
    this.#mounts = this.#mountsAround();
    this.#proc = statSync(this.outside('/proc'), { bigint: true }).dev;
  }

  /** Makes the namespace and its mounts. Throws WorkspaceError with the reason in one line. */
  static async open(options: NamespaceOptions): Promise<Namespace> {
    const keeper = await startKeeper(options);
    try {
      return new Namespace(options, keeper);
    } catch (error) {
      keeper.chain.kill('SIGKILL');
      closeStreams(keeper.chain);
      throw workspaceFailure(error, 'look into the namespace');
    }
  }

  /** Where this process finds what the commands see at an absolute path. */
  outside(path: string): string {
    return `/proc/${this.keeper.pid}/root${path}`;
  }

  spawn(command: Command): Running {
    if (this.#hasEnded())
      return notStarted(new WorkspaceError(`the workspace ${this.options.name} is closed`));
    const missing = missingProgram(command, this.options.view, (path) => this.outside(path));
    if (missing !== undefined) return notStarted(missing);
    this.#count += 1;
    const marker = `${this.options.name}:${this.#count}`;
    const env = { ...command.env, ...this.options.extraEnv, [MARKER]: marker };
    const started = spawnDetached(
      [
        ...[tool('setpriv'), '--pdeathsig', 'KILL', ...this.#enter()],
        // Entering needs the capabilities that the command must not have.
        ...[tool('setpriv'), ...capabilityArguments(command.capabilities), ...command.argv],
      ],
      { env, program: command.argv[0] },
    );
    if ('error' in started) return notStarted(started.error);
    const { child, ...running } = started;
    this.#active.add(child);
    child.once('exit', () => this.#active.delete(child));
    return { ...running, kill: (name) => this.#kill(name, child, marker) };
  }

  async endProcesses(): Promise<number> {
    if (this.#hasEnded()) return 0;
    const ended = new Set<string>();
    const deadline = new Deadline();
    for (;;) {
      const living = this.#living();
      if (living.length === 0) return ended.size;
      for (const process of living) ended.add(process);
      if (deadline.isOver)
        throw new WorkspaceError(
          `${living.length} processes of ${this.options.name} could not be ended in ${deadline.seconds} s; they end when its view is closed`,
        );
      await run(tool('nsenter'), [...this.#target(), tool('sh'), '-c', 'kill -KILL -1'], {
        env: helperEnv(this.keeper.token),
        // A task that stops whatever it finds stops this, too.
        timeoutMs: deadline.left,
      });
      if (this.#hasEnded()) return ended.size;
    }
  }

  mustBeUntouched(): void {
    const now = this.#mountsAround();
    if (now.join('\n') === this.#mounts.join('\n')) return;
    throw new WorkspaceError(
      `the mounts of the private view were changed while the task ran (${difference(this.#mounts, now)}), so what it did can't be told from the view; nothing of it is used`,
    );
  }

  async close(): Promise<void> {
    this.#closed = true;
    const { chain, pid } = this.keeper;
    if (!isOver(chain)) {
      const over = new Promise((resolve) => chain.once('exit', resolve));
      signal(pid, 'SIGKILL');
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<'late'>((resolve) => {
        timer = setTimeout(() => resolve('late'), new Deadline().ms);
      });
      const isLate = (await Promise.race([over, late])) === 'late';
      clearTimeout(timer);
      if (isLate) {
        // Not even SIGKILL ends what a cgroup has frozen, or what hangs in the kernel; forge must not hang with it.
        chain.unref();
        closeStreams(chain);
        throw new WorkspaceError(
          `the first process of the view ${this.options.name} (pid ${pid}) does not end, although it was killed: it hangs in the kernel, or a cgroup has frozen it`,
        );
      }
    }
    closeStreams(chain);
  }

  /** Lines of the table of mounts that have to do with the view; elsewhere the machine itself may change something. */
  #mountsAround(): string[] {
    const guarded = [this.options.view, ...this.options.mounts.map(({ target }) => target)];
    return mountsOf(this.keeper.pid)
      .split('\n')
      .filter((line) => {
        const target = readMounts(line)[0]?.target;
        return (
          target !== undefined && guarded.some((path) => isWithin(target, path) || isWithin(path, target))
        );
      })
      .map(withoutFileSystemOptions);
  }

  #hasEnded(): boolean {
    return this.#closed || isOver(this.keeper.chain);
  }

  #target(): string[] {
    const user = this.options.userNamespace ? ['-U', '--preserve-credentials'] : [];
    // --wd without a value is the keeper's own working folder, which is the view: every version has it.
    return ['-t', String(this.keeper.pid), ...user, '-m', '-p', '--wd', '--'];
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
      this.#killAll(name);
    }
    // nsenter stops itself when its command is stopped, and would then not notice the command's end.
    if (!isOver(child)) child.kill('SIGCONT');
  }

  #killAll(name: 'SIGTERM' | 'SIGKILL'): void {
    // Nothing there to be hit is fine: only the helper itself may fail.
    const script = name === 'SIGKILL' ? 'kill -KILL -1 || :' : 'kill -TERM -1; kill -CONT -1';
    // Without a process left for the helper (a fork bomb took them all), the whole namespace ends with its first.
    const failed = () => {
      if (name === 'SIGKILL' && !this.#hasEnded()) signal(this.keeper.pid, 'SIGKILL');
    };
    try {
      const helper = spawn(tool('nsenter'), [...this.#target(), tool('sh'), '-c', script], {
        stdio: 'ignore',
        env: helperEnv(this.keeper.token),
      });
      helper.once('error', failed);
      helper.once('exit', (code) => {
        // The helper is no part of what `kill -1` hits, but it may find no room to fork.
        if (code !== 0 && code !== null) failed();
      });
    } catch {
      // spawn throws for some errors (ENOMEM) and emits others.
      failed();
    }
  }

  /**
   * Living processes inside but the keeper's own, as `pid:start time` of the namespace's /proc.
   * @throws WorkspaceError where that /proc is gone: another's would be read in its place
   */
  #living(): string[] {
    const proc = this.outside('/proc');
    if (statSync(proc, { bigint: true, throwIfNoEntry: false })?.dev !== this.#proc)
      throw new WorkspaceError(
        `/proc of the private view ${this.options.name} was unmounted or covered while the task ran, so what it left running can't be found; it ends when the view is closed`,
      );
    const found: string[] = [];
    for (const pid of readdirSync(proc)) {
      if (!/^\d+$/.test(pid) || pid === '1') continue;
      const start = processStartTime(pid, proc);
      if (start !== undefined && !this.#isForges(`${proc}/${pid}`)) found.push(`${pid}:${start}`);
    }
    return found;
  }

  /** Whether a process inside is forge's own, or has just ended. One that closed itself to us (PR_SET_DUMPABLE, as ssh-agent does) is a task's. */
  #isForges(folder: string): boolean {
    try {
      return readFileSync(`${folder}/environ`, 'latin1').includes(this.keeper.token);
    } catch (error) {
      return codeOf(error) === 'ENOENT' || codeOf(error) === 'ESRCH';
    }
  }
}

function isOver(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** A file system's own options are the same for all who have it mounted, and change for all at once. */
function withoutFileSystemOptions(line: string): string {
  return line.slice(0, line.lastIndexOf(' '));
}

/** Names the first mount that is only in one of two tables. */
function difference(before: readonly string[], now: readonly string[]): string {
  const added = now.find((line) => !before.includes(line));
  const gone = before.find((line) => !now.includes(line));
  const target = (line: string) => readMounts(line)[0]?.target ?? 'unknown';
  if (added !== undefined) return `one on ${target(added)}`;
  return gone === undefined ? 'their order' : `${target(gone)} was unmounted`;
}
