import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode } from '../../util/errors.js';
import { isWithin } from '../../util/paths/path.js';
import { processStartTime } from '../../util/process/identity.js';
import { type Outcome, run } from '../../util/process/run-program.js';
import { WorkspaceError, workspaceFailure } from '../failure.js';
import type { Command, Running } from '../workspace.js';
import type { Keeper, NamespaceLayout } from './keeper.js';
import { readMounts } from './mount-table.js';
import { LONGEST_MS, MARKER, signalProcessesOf } from './processes.js';
import { mustBeProgram, orNotStarted, type Sandbox, spawnDetached } from './sandbox.js';
import type { Slot } from './slot.js';
import { capabilityArguments } from './task-capabilities.js';
import { helperEnv, tool } from './tools.js';
import type { Zygote } from './zygote.js';

/** How long ending processes may take a helper, in milliseconds. */
const LONGEST_HELPER_MS = 2_000;

export interface NamespaceOptions extends NamespaceLayout {
  /** Marker of its processes. */
  name: string;
  extraEnv?: Readonly<Record<string, string>>;
}

/** A command that has not ended; `child` where it was not the keeper that started it. */
interface Active {
  marker: string;
  child?: ChildProcess;
}

/**
 * A private mount and PID namespace (and, for ordinary users, a user namespace in which the user stays who they are):
 * the mounts of one workspace and all its processes, which end with it.
 */
export class NamespaceSandbox implements Sandbox {
  readonly #active = new Set<Active>();
  readonly #proc: bigint;
  /** The table of mounts before the first command that may change them. */
  #mounts: string | undefined;
  #count = 0;
  #closed = false;

  private constructor(
    readonly options: NamespaceOptions,
    readonly zygote: Zygote,
    readonly keeper: Keeper,
  ) {
    this.#proc = statSync(this.outside('/proc'), { bigint: true }).dev;
  }

  /** Makes the namespace and its mounts. @throws WorkspaceError with the reason in one line */
  static async open(zygote: Zygote, slot: Slot, options: NamespaceOptions): Promise<NamespaceSandbox> {
    const keeper = await zygote.open(slot, options);
    try {
      return new NamespaceSandbox(options, zygote, keeper);
    } catch (error) {
      await keeper.close();
      throw workspaceFailure(error, 'look into the namespace');
    }
  }

  /** Where this process finds what the commands see at an absolute path. */
  outside(path: string): string {
    return this.keeper.outside(path);
  }

  spawn(command: Command): Running {
    return orNotStarted(command.argv[0], () => this.#spawn(command));
  }

  #spawn(command: Command): Running {
    if (this.#hasEnded()) throw new WorkspaceError(`the workspace ${this.options.name} is closed`);
    mustBeProgram(command, this.options.view, (path) => this.outside(path));
    this.#count += 1;
    const marker = `${this.options.name}:${this.#count}`;
    const env = { ...command.env, ...this.options.extraEnv, [MARKER]: marker };
    // Starting it and entering the namespace needs the capabilities that the command must not have.
    const argv = [tool('setpriv'), ...capabilityArguments(command.capabilities), ...command.argv];
    // Without any, nobody in there may (mount(2): CAP_SYS_ADMIN).
    if (command.capabilities?.length) this.#mounts ??= this.keeper.mounts();
    const kept = this.keeper.run(argv, env, command.argv[0]);
    if (kept !== undefined) return this.#running(kept, { marker });
    const enter = [tool('setpriv'), '--pdeathsig', 'KILL', tool('nsenter'), ...this.#target()];
    const { child, ...running } = spawnDetached([...enter, ...argv], { env, program: command.argv[0] });
    this.keeper.entered();
    return this.#running(running, { marker, child });
  }

  async endProcesses(): Promise<number> {
    if (this.#hasEnded() || (this.keeper.isAlone && this.#active.size === 0)) return 0;
    const ended = new Set<string>();
    for (const until = performance.now() + LONGEST_MS; ; ) {
      const living = this.#living();
      if (living.length === 0) return ended.size;
      for (const process of living) ended.add(process);
      if (performance.now() > until)
        throw new WorkspaceError(
          `${living.length} processes of ${this.options.name} could not be ended in ${LONGEST_MS / 1000} s; they end when its view is closed`,
        );
      await this.#inside('kill -KILL -1');
      if (this.#hasEnded()) return ended.size;
    }
  }

  mustBeUntouched(): void {
    if (this.#hasEnded())
      throw new WorkspaceError('the private view ended while the task ran; nothing of what it did is used');
    if (this.#mounts === undefined) return;
    const before = this.#mountsAround(this.#mounts);
    const after = this.#mountsAround(this.keeper.mounts());
    if (after.join('\n') === before.join('\n')) return;
    throw new WorkspaceError(
      `the mounts of the private view were changed while the task ran (${difference(before, after)}), so what it did can't be told from the view; nothing of it is used`,
    );
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const { child } of this.#active) child?.kill('SIGKILL');
    if (await this.keeper.close()) return;
    // Not even SIGKILL ends what a cgroup has frozen, or what hangs in the kernel; forge must not hang with it.
    throw new WorkspaceError(
      `the first process of the view ${this.options.name} (pid ${this.keeper.pid()}) does not end, although it was killed: it hangs in the kernel, or a cgroup has frozen it`,
    );
  }

  /** Lines of a table of mounts that have to do with the view; elsewhere the machine itself may change something. */
  #mountsAround(table: string): string[] {
    const guarded = [this.options.view, ...this.options.mounts.map(({ target }) => target)];
    return table
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
    return this.#closed || this.keeper.isOver;
  }

  #target(): string[] {
    const user = this.zygote.userNamespace ? ['-U', '--preserve-credentials'] : [];
    // --wd without a value is the keeper's own working folder, which is the view: every version has it.
    const pid = this.keeper.pid();
    if (pid === undefined) throw new WorkspaceError(`the private view ${this.options.name} has ended`);
    return ['-t', String(pid), ...user, '-m', '-p', '--wd', '--'];
  }

  /**
   * Has a shell inside run a script, as forge's own. A task that stops whatever it finds stops that, too, and what is
   * stopped reaps nothing, so that the namespace could not even be ended.
   */
  async #inside(script: string): Promise<Outcome> {
    const how = { env: helperEnv(this.zygote.token), timeoutMs: LONGEST_HELPER_MS };
    return run(tool('nsenter'), [...this.#target(), tool('sh'), '-c', script], how);
  }

  #running(started: Omit<Running, 'kill'>, active: Active): Running {
    this.#active.add(active);
    void started.ended.then(() => this.#active.delete(active));
    return { ...started, kill: (name) => this.#kill(name, active) };
  }

  /**
   * Signals a command and all it started. `kill -1` inside reaches everything but the first process in one atomic
   * step; with several commands at once, only what carries the command's marker or descends from it is meant.
   */
  #kill(name: 'SIGTERM' | 'SIGKILL', command: Active): void {
    if (this.#hasEnded()) return;
    const { marker, child } = command;
    const isRunning = this.#active.has(command);
    if ([...this.#active].some((other) => other !== command))
      signalProcessesOf(marker, name, isRunning && child?.pid !== undefined ? [child.pid] : [], child?.pid);
    else void this.#killAll(name, command);
    // nsenter stops itself when its command is stopped, and would then not notice the command's end.
    if (isRunning) child?.kill('SIGCONT');
  }

  async #killAll(name: 'SIGTERM' | 'SIGKILL', command: Active): Promise<void> {
    // Nothing there to be hit is fine: only the helper itself may fail.
    const script = name === 'SIGKILL' ? 'kill -KILL -1 || :' : 'kill -TERM -1; kill -CONT -1';
    const helper = await this.#inside(script).catch(() => undefined);
    if (name === 'SIGTERM' || this.#hasEnded()) return;
    // Without a process left for the helper (a fork bomb took them all), the whole namespace ends with its first.
    if (!helper?.ok && (!helper?.signal || helper.stopped)) return this.keeper.kill();
    // The keeper may not even have started it.
    if (this.#active.has(command)) await sleep(50);
    if (this.#active.has(command) && !this.#hasEnded()) return this.#killAll(name, command);
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
      return readFileSync(`${folder}/environ`, 'latin1').includes(this.zygote.token);
    } catch (error) {
      return hasCode(error, 'ENOENT', 'ESRCH');
    }
  }
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
