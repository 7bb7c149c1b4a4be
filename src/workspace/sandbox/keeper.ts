import { EventEmitter, once } from 'node:events';
import { closeSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Socket } from 'node:net';
import { constants } from 'node:os';
import { hasCode, ignoring } from '../../util/errors.js';
import { firstOf } from '../../util/process/end-with-grace.js';
import { quoteForShell } from '../../util/text/quote-for-shell.js';
import { WorkspaceError, workspaceFailure } from '../failure.js';
import type { Running } from '../workspace.js';
import type { Mount } from './mount-table.js';
import { LONGEST_MS } from './processes.js';
import { cannotStart } from './sandbox.js';
import type { Slot } from './slot.js';
import { firstLine, tool } from './tools.js';

/** What a new namespace looks like. */
export interface NamespaceLayout {
  /** Folder in which commands start, as seen inside. */
  view: string;
  /** In order. Names in options of overlays are relative to the zygote's folder. */
  mounts: readonly Mount[];
}

/** What a keeper has from the process that made it. */
export interface KeeperSurroundings {
  /** Mounts as a table, after those that all namespaces have. */
  tableOf(mounts: readonly Mount[]): string;
  /** The /proc in which keepers have the numbers that they report. */
  proc: string;
  /** Whether the shell tells an exit code from a signal. */
  isExact: boolean;
  /** Kills a keeper by its number in that /proc. Takes neither a handle nor a process. */
  kill(inner: string): void;
}

/**
 * How a shell starts a command with nothing but its own: no variables, a session of its own (\`kill 0\` is not to reach
 * further) and the two signals that a background job would ignore (GNU env has that from 8.31 on).
 */
export const FRESH = ['setsid', 'env', '-i', '--default-signal=INT,QUIT', '--'];

/**
 * The first process of a namespace, in the zygote's folder at first. Told to `run`, it starts what comes through the
 * slot's `run` (a FIFO: environments are not for disks) and reaps whatever is orphaned in the namespace until that has
 * ended, and says whether it is alone then; told to `reap`, it does the latter until the next word. `own` is the slot's folder, which the mounts have
 * hidden. No command gets that, nor what the keeper is told and reports by, and none may look into the keeper (ptrace(2),
 * "access mode checking": it has capabilities that they lack).
 */
export const keeperScript = () => `
cd -P /proc/self && pid=\${PWD##*/} && cd "$OLDPWD"
[ -p "$1/ctl" ] || ${tool('mkfifo')} -m 600 "$1/ctl" "$1/run" "$1/out" "$1/err" || exit
exec 3<>"$1/ctl" 4>&1 7<"$1" >/dev/null
. "$1/open" || exit
own=/proc/self/fd/7
echo "$2 ready $pid" >&4
while read -r word <&3; do
  case $word in
  run)
    if command eval '. $own/run </dev/null &'; then
      wait $!
      code=$?
      job=Done
      [ $code -le 128 ] || { jobs >$own/jobs; read -r job <$own/jobs; }
    else
      code=unforked
    fi
    alone=alone
    ! kill -0 -1 2>/dev/null || alone=
    case $job in *Done*) job=exit ;; *) job=signal ;; esac
    echo "$2 ended $code $job $alone" >&4
    ;;
  reap) (read -r word <&3);;
  *) exit;;
  esac
done`;

type Ended = Awaited<Running['ended']>;

/** What reading in /proc fails with where the process has ended. */
const GONE = ['ENOENT', 'ESRCH', 'EINVAL'];

/** A command with an environment that is longer than this (bytes) does not fit into a pipe at once. */
const LONGEST = 60_000;

/** The first process of a namespace, which made its mounts; the namespace ends with it. */
export class Keeper {
  /** What it was heard to say. */
  readonly #heard = new EventEmitter();
  readonly #ready = once(this.#heard, 'ready');
  readonly #over = once(this.#heard, 'over');
  /** Its number in the zygote's /proc. */
  #inner = '';
  #isOver = false;
  #isClosed = false;
  #isReaping = false;
  #isAlone = false;
  /** Something of a command may still be in the slot's FIFOs. */
  #isUnclean = false;
  /**
   * Ends the command that is running, as a shell saw it end: with the code (`$?`) of an exit or of a `signal`, or `unforked`;
   * without any, with the namespace.
   */
  #onEnded: ((code?: string, how?: string) => void) | undefined;
  /** Outputs that have not come to their end. */
  readonly #outputs = new Set<Socket>();

  constructor(
    private readonly around: KeeperSurroundings,
    private readonly slot: Slot,
    layout: NamespaceLayout,
    private readonly onClosed: () => void,
  ) {
    slot.write('mounts', around.tableOf(layout.mounts));
    const mount = `${tool('mount')} -n -a -c -T ${slot.name}/mounts`;
    slot.write('open', `${mount} && cd ${quoteForShell(layout.view)}\n`);
  }

  /** Resolves once everything is mounted. @throws WorkspaceError, and then nothing is left of it */
  async opened(): Promise<void> {
    await Promise.race([this.#ready, this.#over]);
    if (this.#inner !== '') return;
    await this.close();
    throw new WorkspaceError(firstLine(this.#complaint()) || 'the namespace ended at once');
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Whether there was no other process in the namespace when its last command ended, and none was brought there since. */
  get isAlone(): boolean {
    return this.#isAlone;
  }

  /** Where this process finds what the namespace shows at an absolute path. */
  outside(path: string): string {
    return `${this.around.proc}/${this.#inner}/root${path}`;
  }

  /** The table of mounts inside. @throws WorkspaceError when the namespace has ended */
  mounts(): string {
    try {
      return readFileSync(`${this.around.proc}/${this.#inner}/mountinfo`, 'utf8');
    } catch (error) {
      if (hasCode(error, ...GONE))
        throw new WorkspaceError('the private view ended while it was needed', { cause: error });
      throw workspaceFailure(error, 'read the mounts of the private view');
    }
  }

  /** Its pid out here; undefined once it is gone. @throws a system error where that can't be told (EMFILE) */
  pid(): number | undefined {
    try {
      const namespace = readlinkSync(`${this.around.proc}/${this.#inner}/ns/pid`);
      return readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name) && isFirstOf(name, namespace))
        .map(Number)[0];
    } catch (error) {
      return ignoring(...GONE)(error);
    }
  }

  /**
   * Starts a command, which messages call `program`. undefined where that is not for a shell: another is still running or its output not yet read, the
   * shell can't tell how a command ended, or the text is too long or not one (NUL).
   */
  run(
    argv: readonly string[],
    env: Readonly<Record<string, string>>,
    program: string,
  ): Omit<Running, 'kill'> | undefined {
    if (!this.around.isExact || this.#onEnded !== undefined || this.#outputs.size > 0) return undefined;
    const command = Buffer.from(commandScript(argv, env));
    // env(1) takes the first word without = for the command, and refuses a variable without a name.
    const isPlain = !command.includes(0) && !argv[0]?.includes('=') && !('' in env);
    const pipes = isPlain && command.length <= LONGEST ? this.slot.pass(command) : undefined;
    if (pipes === undefined) return undefined;
    const [stdout, stderr] = pipes.map(({ stream }) => stream) as [Socket, Socket];
    for (const stream of [stdout, stderr]) {
      this.#outputs.add(stream);
      stream.once('close', () => this.#outputs.delete(stream));
    }
    const ended = new Promise<Ended>((resolve) => {
      this.#onEnded = (code, how) => {
        this.#onEnded = undefined;
        for (const { fd } of pipes) closeSync(fd);
        resolve(this.#outcome(program, code, how));
      };
    });
    this.#stopReaping();
    this.#isAlone = false;
    this.slot.tell('run');
    return { stdout, stderr, ended };
  }

  /** Has it reap what is orphaned while it runs nothing itself, as others enter the namespace. */
  reap(): void {
    this.#isAlone = false;
    if (this.#isReaping || this.#onEnded !== undefined) return;
    this.#isReaping = true;
    this.slot.tell('reap');
  }

  /** Ends it and with it the namespace. Resolves with whether it has ended: what hangs in the kernel does not. */
  async close(): Promise<boolean> {
    if (this.#isClosed) return this.#isOver;
    this.#isClosed = true;
    const isIdle = this.#onEnded === undefined && this.#outputs.size === 0;
    const endsByItself = isIdle && !this.#isOver && this.#isToldToEnd();
    if (endsByItself) await firstOf(this.#over, 1_000);
    // It read all that it was told only where it ended for that.
    this.slot.isUnclean = this.#isUnclean || !endsByItself || !this.#isOver;
    if (!this.#isOver) {
      this.kill();
      await firstOf(this.#over, LONGEST_MS);
    }
    // What nobody reads would never end, and keep its file system from being unmounted.
    for (const stream of this.#outputs) if (stream.readableFlowing === null) stream.destroy();
    this.onClosed();
    return this.#isOver;
  }

  kill(): void {
    if (this.#inner !== '' && !this.#isOver) this.around.kill(this.#inner);
  }

  /** What it reports, or its parent about it. */
  hear(word: string, detail = '', how?: string, alone?: string): void {
    if (word === 'ready') this.#inner = detail;
    else if (word === 'ended') {
      this.#isAlone = alone === 'alone';
      this.#onEnded?.(detail, how);
    } else if (word === 'over') {
      this.#isOver = true;
      this.#onEnded?.();
    }
    this.#heard.emit(word);
  }

  #complaint(): string {
    try {
      return this.slot.read('complaint');
    } catch {
      // It did not come so far.
      return '';
    }
  }

  /** That takes less time than being killed, but a handle to tell it, which there may not be. */
  #isToldToEnd(): boolean {
    try {
      this.#stopReaping();
      this.slot.tell('end');
      return true;
    } catch {
      // It is killed then.
      return false;
    }
  }

  #stopReaping(): void {
    if (this.#isReaping) this.slot.tell('on');
    this.#isReaping = false;
  }

  #outcome(program: string, code: string | undefined, how: string | undefined): Ended {
    if (code === undefined) return { exitCode: null, signal: 'SIGKILL' };
    if (code === 'unforked') {
      // What it was to be told may still be there.
      this.#isUnclean = true;
      const error = cannotStart(program, Object.assign(new Error('fork'), { code: 'EAGAIN' }));
      return { exitCode: null, signal: null, error };
    }
    const exitCode = Number(code);
    const signals = Object.entries(constants.signals) as [NodeJS.Signals, number][];
    const signal = signals.find(([, number]) => how === 'signal' && number === exitCode - 128)?.[0];
    // A real-time signal has no name in Node.
    return signal === undefined ? { exitCode, signal: null } : { exitCode: null, signal };
  }
}

function commandScript(argv: readonly string[], env: Readonly<Record<string, string>>): string {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const own = '/proc/self/fd/7';
  const words = [...FRESH.slice(0, 2).map(tool), ...FRESH.slice(2), ...variables, ...argv].map(quoteForShell);
  return `exec >${own}/out 2>${own}/err 3>&- 4>&- 7>&-\nexec ${words.join(' ')}\n`;
}

/** Whether a process is the first one of a PID namespace. */
function isFirstOf(pid: string, namespace: string): boolean {
  try {
    return (
      readlinkSync(`/proc/${pid}/ns/pid`) === namespace &&
      /^NSpid:.*\t1$/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'))
    );
  } catch (error) {
    ignoring(...GONE, 'EACCES', 'EPERM')(error);
    return false;
  }
}
