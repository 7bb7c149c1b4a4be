import { EventEmitter, once } from 'node:events';
import { closeSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Socket } from 'node:net';
import { constants } from 'node:os';
import { hasCode, ignoring } from '../../util/errors.js';
import { firstOf } from '../../util/process/end-with-grace.js';
import { quoteForShell } from '../../util/text/quote-for-shell.js';
import { WorkspaceError, workspaceFailure } from '../failure.js';
import type { Running } from '../workspace.js';
import type { Channel } from './channel.js';
import type { Mount } from './mount-table.js';
import { LONGEST_MS } from './processes.js';
import { cannotStart } from './sandbox.js';
import type { Slot } from './slot.js';
import { firstLine, helperEnv, tool } from './tools.js';

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
 * How a shell starts a command: in a session of its own (`kill 0` is not to reach further), and with the two signals that a
 * background job would ignore (GNU env has that from 8.31 on).
 */
export const START = ['setsid', 'env', '--default-signal=INT,QUIT', '--'];

/**
 * The first process of a namespace, in the zygote's folder at first, with the names there of its slot, of itself and of its
 * channel. Told to `run`, it starts what comes through the channel (a FIFO: environments are not for disks), reaps whatever
 * is orphaned in the namespace until that has ended, and says how it ended and whether it is alone then. No command gets
 * the channel, which the mounts have hidden, nor what the keeper is told and reports by, and none may look into the keeper
 * (ptrace(2), "access mode checking": it has capabilities that they lack). A task may set the limits of the keeper
 * (prlimit(2)), which may cost it the word of how its own command ended.
 */
export const keeperScript = () => `
cd -P /proc/self && pid=\${PWD##*/} && cd "$OLDPWD"
[ -p "$3/err" ] || { echo 'no pipes could be made' >&2; exit; }
exec 3<>"$3/ctl" 4>&1 7<"$3" >/dev/null
. "$1/open" || exit
own=/proc/self/fd/7
echo "$2 ready $pid" >&4
while read -r word <&3; do
  case $word in
  run)
    job=Done
    if command eval '. $own/run </dev/null &'; then
      wait $!
      code=$?
      [ $code -le 128 ] || { jobs >$own/jobs; read -r job <$own/jobs; }
    else
      code=unforked
    fi
    alone=alone
    ! kill -0 -1 2>/dev/null || alone=
    case $job in '' | *Done*) job=exit ;; *) job=signal ;; esac
    echo "$2 ended $code $job $alone" >&4
    ;;
  end) exit ;;
  esac
done`;

type Ended = Awaited<Running['ended']>;

/** What reading in /proc fails with where the process has ended. */
const GONE = ['ENOENT', 'ESRCH', 'EINVAL'];

/** Texts (bytes) that execve(2) may refuse, one by one and all together: it tells why only who calls it. */
const LONGEST = { one: 128 * 1024, all: 1_000_000 };

/** Names that a shell can export, but for those that mean something to it. */
const NAME = /^(?!(?:IFS|LINENO|OPTIND|PPID|RANDOM)$)[A-Za-z_]\w*$/;

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
  #isAlone = false;
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
    private readonly channel: Channel,
    layout: NamespaceLayout,
    private readonly onClosed: () => void,
  ) {
    slot.write('mounts', around.tableOf(layout.mounts));
    const mount = `${quoteForShell(tool('mount'))} -n -a -c -T ${slot.name}/mounts`;
    slot.write('open', `${mount} && cd ${quoteForShell(layout.view)}\n`);
  }

  /** Resolves once everything is mounted. @throws WorkspaceError, and then nothing is left of it */
  async opened(): Promise<void> {
    try {
      await Promise.race([this.#ready, this.#over]);
      if (this.#inner === '')
        throw new WorkspaceError(firstLine(this.#complaint()) || 'the namespace ended at once');
      this.channel.open();
    } catch (error) {
      await this.close();
      throw workspaceFailure(error, 'open the namespace');
    }
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
   * Starts a command, which messages call `program`. undefined where that is not for a shell: another is still running or
   * its output not yet read, the shell can't tell how a command ended, or a text is too long, or none (NUL).
   * @throws a system error
   */
  run(
    argv: readonly string[],
    env: Readonly<Record<string, string>>,
    program: string,
  ): Omit<Running, 'kill'> | undefined {
    if (!this.around.isExact || this.#onEnded !== undefined || this.#outputs.size > 0) return undefined;
    const text = commandScript(argv, env);
    if (text === undefined) return undefined;
    const pipes = this.channel.run(text);
    const [stdout, stderr] = pipes.map(({ stream }) => stream) as [Socket, Socket];
    for (const stream of [stdout, stderr]) {
      this.#outputs.add(stream);
      stream.once('close', () => this.#outputs.delete(stream));
    }
    this.#isAlone = false;
    const ended = new Promise<Ended>((resolve) => {
      this.#onEnded = (code, how) => {
        this.#onEnded = undefined;
        for (const { fd } of pipes) closeSync(fd);
        this.channel.forget();
        resolve(outcomeOf(program, code, how));
      };
    });
    return { stdout, stderr, ended };
  }

  /** Another process was brought into the namespace. */
  entered(): void {
    this.#isAlone = false;
  }

  /** Ends it and with it the namespace. Resolves with whether it has ended: what hangs in the kernel does not. */
  async close(): Promise<boolean> {
    if (this.#isClosed) return this.#isOver;
    this.#isClosed = true;
    // That takes less time than being killed.
    const isIdle = this.#onEnded === undefined && this.#outputs.size === 0;
    if (isIdle && !this.#isOver && this.channel.isOpen) {
      this.channel.tell('end');
      await firstOf(this.#over, 1_000);
    }
    if (!this.#isOver) {
      this.kill();
      await firstOf(this.#over, LONGEST_MS);
    }
    // What nobody reads would never end, and keep its file system from being unmounted.
    for (const stream of this.#outputs) if (stream.readableFlowing === null) stream.destroy();
    this.channel.close();
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
}

function outcomeOf(program: string, code: string | undefined, how: string | undefined): Ended {
  if (code === undefined) return { exitCode: null, signal: 'SIGKILL' };
  if (code === 'unforked') {
    const error = cannotStart(program, Object.assign(new Error('fork'), { code: 'EAGAIN' }));
    return { exitCode: null, signal: null, error };
  }
  const exitCode = Number(code);
  const signals = Object.entries(constants.signals) as [NodeJS.Signals, number][];
  const signal = signals.find(([, number]) => how === 'signal' && number === exitCode - 128)?.[0];
  // A real-time signal has no name in Node.
  return signal === undefined ? { exitCode, signal: null } : { exitCode: null, signal };
}

/** What a keeper's shell is to do for a command; undefined for what it can't. Values are in no process's arguments, which all users see. */
function commandScript(argv: readonly string[], env: Readonly<Record<string, string>>): Buffer | undefined {
  const variables = Object.entries(env);
  if (argv[0]?.includes('=') || variables.some(([name]) => !NAME.test(name))) return undefined;
  const texts = [...argv, ...variables.map(([name, value]) => `${name}=${value}`)];
  const lengths = texts.map((text) => Buffer.byteLength(text) + 1);
  if (texts.some((text) => text.includes('\0')) || Math.max(...lengths) > LONGEST.one) return undefined;
  if (lengths.reduce((sum, length) => sum + length) > LONGEST.all) return undefined;
  const own = '/proc/self/fd/7';
  const lines = [
    `exec >${own}/out 2>${own}/err 3>&- 4>&- 7>&-`,
    // All that the keeper has, or that its shell has made.
    `unset ${Object.keys(helperEnv('FORGE_KEEPER=')).join(' ')} LIBMOUNT_FORCE_MOUNT2 PWD OLDPWD`,
    ...variables.map(([name, value]) => `export ${name}=${quoteForShell(value)}`),
    `exec ${[...START.slice(0, 2).map(tool), ...START.slice(2), ...argv].map(quoteForShell).join(' ')}`,
  ];
  return Buffer.from(`${lines.join('\n')}\n`);
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
