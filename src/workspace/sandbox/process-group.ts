import { isWithin } from '../../util/paths/path.js';
import { sendSignal } from '../../util/process/end-with-grace.js';
import { findTool } from '../../util/process/find-program.js';
import { processExists } from '../../util/process/identity.js';
import { WorkspaceError } from '../failure.js';
import type { Command, Running } from '../workspace.js';
import { readMounts } from './mount-table.js';
import { endProcessesOf, MARKER, signalProcessesOf } from './processes.js';
import { mustBeProgram, orNotStarted, type Sandbox, spawnDetached } from './sandbox.js';

/**
 * Sandbox where there are no namespaces: every command is the leader of its own process group and carries a
 * marker in its environment, by which /proc finds whatever left the group (setsid, double fork). The kernel ends the
 * command itself when forge dies (where setpriv is there); what it left behind is found by the next forge command.
 */
export class ProcessGroupSandbox implements Sandbox {
  readonly #groups = new Set<number>();
  #count = 0;

  /** `tree` is the copy (its real path), in which `cwd` lies. */
  constructor(
    readonly name: string,
    readonly cwd: string,
    readonly tree: string,
    readonly extraEnv: Readonly<Record<string, string>>,
  ) {
    if (living.size === 0) process.on('exit', endLiving);
    living.add(this);
  }

  spawn(command: Command): Running {
    return orNotStarted(command.argv[0], () => this.#spawn(command));
  }

  #spawn(command: Command): Running {
    mustBeProgram(command, this.cwd, (path) => path);
    this.#count += 1;
    const marker = `${this.name}:${this.#count}`;
    const setpriv = findTool('setpriv');
    const tied = setpriv === undefined ? [] : [setpriv, '--pdeathsig', 'KILL', '--'];
    const env = { ...command.env, ...this.extraEnv, [MARKER]: marker };
    const how = { cwd: this.cwd, env, program: command.argv[0] };
    const { child, ...running } = spawnDetached([...tied, ...command.argv], how);
    const leader = child.pid;
    if (leader !== undefined) {
      this.#groups.add(leader);
      // Once nobody is left in it, its number may be given to a group that is none of ours.
      child.once('exit', () => {
        if (!processExists(-leader)) this.#groups.delete(leader);
      });
    }
    return {
      ...running,
      kill: (name) => {
        if (leader === undefined || !this.#groups.has(leader)) return;
        const isRunning = child.exitCode === null && child.signalCode === null;
        // A whole group stops in one step, however fast it multiplies; what left it is found at leisure then.
        if (name === 'SIGKILL') sendSignal(-leader, 'SIGSTOP');
        signalProcessesOf(marker, name, isRunning ? [leader] : []);
        // Whatever of its process group dropped the marker.
        sendSignal(-leader, name);
      },
    };
  }

  async endProcesses(): Promise<number> {
    for (const leader of this.#groups) sendSignal(-leader, 'SIGSTOP');
    try {
      return await endProcessesOf(this.name);
    } finally {
      this.killGroups();
      this.#groups.clear();
    }
  }

  /** A mount shows files of somebody else's in the copy. */
  mustBeUntouched(): void {
    const point = readMounts().find(({ target }) => isWithin(target, this.tree))?.target;
    if (point !== undefined)
      throw new WorkspaceError(
        `something was mounted on ${point} while the task ran, so what it did can't be told; nothing of it is used. Unmount it: forge removes nothing behind a mount`,
      );
  }

  /** At once, what is still in the group that it was started in. */
  killGroups(): void {
    for (const leader of this.#groups) sendSignal(-leader, 'SIGKILL');
  }

  async close(): Promise<void> {
    await this.endProcesses();
    living.delete(this);
    if (living.size === 0) process.off('exit', endLiving);
  }
}

/** Those that are not closed. */
const living = new Set<ProcessGroupSandbox>();

/** Where forge ends at once (a second Ctrl-C), what can be named at once ends with it. */
function endLiving(): void {
  for (const each of living) each.killGroups();
}
