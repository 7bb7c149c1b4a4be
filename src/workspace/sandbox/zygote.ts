import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { firstOf } from '../../util/process/end-with-grace.js';
import { quoteForShell } from '../../util/text/quote-for-shell.js';
import { WorkspaceError, workspaceFailure } from '../failure.js';
import { makeScratch, removeScratch } from '../scratch/scratch.js';
import { Channel } from './channel.js';
import { machineDoors, taskDoors } from './host-doors.js';
import { Keeper, keeperScript, type NamespaceLayout, START } from './keeper.js';
import { type Mount, mountTable, mountTableHere, readMounts } from './mount-table.js';
import { LONGEST_MS } from './processes.js';
import { Slot } from './slot.js';
import { firstLine, helperEnv, tool } from './tools.js';

/**
 * Reads requests: `open ID SLOT CHANNEL` makes a namespace, `kill NUMBER` ends a keeper, `pipes ID FIFO...` makes FIFOs,
 * `remove ID FOLDER...` removes folders. Whether it is `exact` is tried out: a shell gives 128 + n both for exit code
 * 128 + n and for a command that signal n killed, but one that lists ended jobs as POSIX has it (dash, busybox; not bash)
 * tells them apart. `command eval`: a shell that finds no room to fork would end.
 */
function script(): string {
  const [mount, mknod, sh, unshare, mkfifo, rm] = ['mount', 'mknod', 'sh', 'unshare', 'mkfifo', 'rm'].map(
    (name) => quoteForShell(tool(name)),
  );
  return `
cd "$1" || exit
[ ! -e doors ] || ${mount} -n -a -c -T doors || exit
${mknod} whiteout c 0 0 2>/dev/null
listed() { ${START.join(' ')} ${sh} -c "$1" 2>/dev/null & wait $!; jobs >jobs; line=; read -r line <jobs; }
if [ "$3" = unknown ] && listed 'exit 137' && case $line in *'Done(137)'*) listed 'kill -KILL $$' ;; *) false;; esac; then
  case $line in *Done*) ;; *) echo exact;; esac
fi
keep() { ${unshare} -mp --fork --kill-child=KILL ${sh} -c "$keeper" sh "$1" "$3" "$2" 2>"$1/complaint"; echo "$3 over"; }
keeper=$2 mkfifo=${mkfifo} rm=${rm}
echo ready
while read -r word id rest; do
  case $word in
  open) command eval 'keep $rest $id </dev/null &' || { echo 'no room to fork' >\${rest% *}/complaint; echo "$id over"; } ;;
  pipes) command eval '{ "$mkfifo" -m 600 $rest; echo "$id over"; } &' || echo "$id over" ;;
  remove) command eval '{ "$rm" -rf $rest 2>/dev/null; echo "$id over"; } &' || echo "$id over" ;;
  kill) kill -KILL $id 2>/dev/null ;;
  esac
  # Forgets those that have ended.
  jobs >/dev/null
done`;
}

/** Channels that are made at once, as a program has to be started for it. */
const BATCH = 16;

/**
 * Folders with next to nothing in them (10 kB each) that may wait to be removed: a program that removes them all costs
 * each little, and where others are made at the same time ext4 looks at every inode that was freed in the last seconds.
 */
const MANY = 1024;

/** Whether keepers' shells here are exact, once that is known. */
let isExact: boolean | undefined;

/**
 * A small shell that makes the namespaces of a run ("zygote", as in Android and Chromium): its forks cost a tenth of
 * those of forge, whose 100 MB of page tables are copied each time, and what all namespaces have in common is mounted
 * once, in a namespace of its own. All that it started ends with it, and it ends with forge, however that ends: the chain
 * forge -> unshare -> first process of its PID namespace is tied together by parent-death signals.
 */
export class Zygote {
  readonly #mountsOutside = mountTableHere();
  /** The same as it was when this namespace was made. */
  readonly #outside = readMounts(this.#mountsOutside);
  /** What overlays and the like are called in tables of mounts. */
  readonly #source: string;
  /** What every namespace has first, as a table: its own /proc, and doors to the machine closed. */
  readonly #common: string;
  /** In the environment of forge's own processes inside, so that they are not taken for a task's. */
  readonly token: string;
  readonly #chain: ChildProcess;
  /** What it says, and its keepers, by whom it is about. */
  readonly #reports = new EventEmitter();
  readonly #idle: Slot[] = [];
  /** Slots that workspaces have. */
  #taken = 0;
  /** Not used yet. */
  #channels: Channel[] = [];
  #making: Promise<void> | undefined;
  readonly #open = new Set<Channel>();
  /** Names of folders that are to be removed. */
  readonly #leaving: string[] = [];
  #count = 0;
  /** Whether a namespace was found to have all its mounts; all are made in one way. */
  #isProven = false;
  #isOver = false;
  #isRetired = false;
  #closing: Promise<void> | undefined;

  private constructor(
    /** A scratch folder of forge's own that goes with it: what keepers use, and folders of workspaces. */
    readonly dir: string,
    readonly userNamespace: boolean,
  ) {
    const secret = randomBytes(12).toString('hex');
    this.token = `FORGE_KEEPER=${secret}`;
    this.#source = `forge-${secret.slice(0, 12)}`;
    const table = (mounts: readonly Mount[]) => mountTable(mounts, `${this.#source}-own`, this.#outside);
    const isRoot = process.getuid?.() === 0;
    this.#common = table([{ type: 'processes', target: '/proc' }, ...(isRoot ? taskDoors() : [])]);
    if (isRoot) writeFileSync(join(dir, 'doors'), table(machineDoors(this.#outside)));
    const user = userNamespace
      ? ['-U', `--map-user=${process.getuid?.()}`, `--map-group=${process.getgid?.()}`, '--keep-caps']
      : [];
    this.#chain = spawn(
      tool('setpriv'),
      [
        ...['--pdeathsig', 'KILL', tool('unshare'), ...user],
        ...['-mp', '--fork', '--kill-child=KILL', '--mount-proc', tool('sh'), '-c', script(), 'sh'],
        ...[dir, keeperScript(), isExact === undefined ? 'unknown' : 'known'],
      ],
      {
        detached: true,
        stdio: ['pipe', 'pipe', 'pipe'],
        // The mount(2) call, not fsconfig(2): values of the latter end at 255 characters.
        env: { ...helperEnv(this.token), LIBMOUNT_FORCE_MOUNT2: 'always' },
      },
    );
  }

  /** `name` goes into the name of its folder. @throws WorkspaceError with the reason in one line; then nothing is left of it */
  static async start(stateFolder: string, name: string, userNamespace: boolean): Promise<Zygote> {
    const dir = makeScratch(stateFolder, name);
    let zygote: Zygote | undefined;
    try {
      zygote = new Zygote(dir, userNamespace);
      await zygote.#untilReady();
      return zygote;
    } catch (error) {
      if (zygote !== undefined) zygote.#end();
      await Promise.allSettled([removeScratch(dir)]);
      throw workspaceFailure(error, 'start a namespace');
    }
  }

  /** Whether it can make namespaces that show what is mounted now. */
  get isOfUse(): boolean {
    return !this.#isOver && mountTableHere() === this.#mountsOutside;
  }

  /** Whether its keepers tell an exit code from a signal. */
  get isExact(): boolean {
    return isExact === true;
  }

  /** The /proc in which its keepers have the numbers that they report: unshare sees it as well as its child does. */
  get proc(): string {
    return `/proc/${this.#chain.pid}/root/proc`;
  }

  /** Mounts as a table, after those that all namespaces have: root, a state folder or a temporary folder may lie on what they cover. */
  tableOf(mounts: readonly Mount[]): string {
    return this.#common + mountTable(mounts, this.#source, this.#outside);
  }

  /** What one workspace needs; to be given back. @throws WorkspaceError */
  takeSlot(): Slot {
    const slot = this.#idle.pop() ?? new Slot(this.dir, this.#next('s'));
    this.#taken += 1;
    return slot;
  }

  /** Takes a slot back, and removes the folders of its workspace: `atOnce`, or with others, at the latest when this is closed. */
  async giveBack(slot: Slot, atOnce: boolean): Promise<void> {
    this.#taken -= 1;
    this.#leaving.push(...slot.vacate());
    this.#idle.push(slot);
    if (atOnce || this.#leaving.length >= MANY) await this.#removeFolders();
    if (this.#isRetired && this.#taken === 0) await this.close();
  }

  /** Makes no more namespaces: it ends with the last workspace. */
  async retire(): Promise<void> {
    this.#isRetired = true;
    if (this.#taken === 0) await this.close();
  }

  /** Makes a namespace. @throws WorkspaceError with the reason in one line; then nothing is left of it */
  async open(slot: Slot, layout: NamespaceLayout): Promise<Keeper> {
    if (this.#isOver) throw new WorkspaceError('the process that makes namespaces has ended');
    const channel = await this.#takeChannel();
    const id = this.#next('k');
    const keeper = new Keeper(this, slot, channel, layout, () => {
      this.#reports.removeAllListeners(id);
      this.#open.delete(channel);
      this.#leaving.push(channel.name);
    });
    this.#open.add(channel);
    this.#reports.on(id, (word, ...details) => keeper.hear(word, ...details));
    this.#ask('open', id, slot.name, channel.name);
    await keeper.opened();
    try {
      if (!this.#isProven) mustBeMounted(layout, this.#source, keeper.mounts());
    } catch (error) {
      await keeper.close();
      throw error;
    }
    this.#isProven = true;
    return keeper;
  }

  async #takeChannel(): Promise<Channel> {
    while (this.#channels.length === 0) {
      this.#making ??= this.#makeChannels().finally(() => {
        this.#making = undefined;
      });
      await this.#making;
    }
    return this.#channels.pop()!;
  }

  async #makeChannels(): Promise<void> {
    const made = Array.from({ length: BATCH }, () => new Channel(this.dir, this.#next('c')));
    for (const { path } of made) mkdirSync(path, { mode: 0o700 });
    await this.#done(
      'pipes',
      made.flatMap(({ name }) => Channel.FIFOS.map((fifo) => `${name}/${fifo}`)),
    );
    if (this.#isOver) throw new WorkspaceError('the process that makes namespaces has ended');
    this.#channels = made;
  }

  /** Kills a keeper by the number that it has in the namespace of this. */
  kill(inner: string): void {
    this.#ask('kill', inner);
  }

  /** Resolves when the removal of all that is to go was tried. */
  async #removeFolders(): Promise<void> {
    const names = this.#leaving.splice(0);
    if (!this.#isOver && names.length > 0) await this.#done('remove', names);
  }

  /** Asks for something; resolves when that was tried, or all is over. */
  async #done(word: string, names: readonly string[]): Promise<void> {
    const id = this.#next('r');
    const done = once(this.#reports, id);
    this.#ask(word, id, ...names);
    await done;
  }

  #ask(...words: readonly string[]): void {
    this.#chain.stdin?.write(`${words.join(' ')}\n`);
  }

  /** Ends all that it started, for good, and removes its folder. @throws WorkspaceError */
  async close(): Promise<void> {
    this.#closing ??= this.#close();
    await this.#closing;
  }

  async #close(): Promise<void> {
    await this.#removeFolders();
    if (!this.#isOver) {
      const over = once(this.#chain, 'exit');
      this.#chain.stdin?.end();
      // What a cgroup has frozen, or what hangs in the kernel, does not even end with SIGKILL; forge must not hang with it.
      if ((await firstOf(over, LONGEST_MS)) !== undefined) this.#chain.unref();
      this.#end();
    }
    await removeScratch(this.dir);
  }

  #next(kind: string): string {
    this.#count += 1;
    return kind + this.#count;
  }

  #untilReady(): Promise<void> {
    const chain = this.#chain;
    let complaint = '';
    return new Promise((resolve, reject) => {
      chain.stdin?.on('error', () => undefined);
      chain.stderr?.on('data', (chunk: Buffer) => {
        if (complaint.length < 2000) complaint += chunk.toString('utf8');
      });
      createInterface({ input: chain.stdout! }).on('line', (line) => {
        const [id = '', ...words] = line.split(' ');
        if (id === 'exact') isExact = true;
        else if (id !== 'ready') this.#reports.emit(id, ...words);
        else {
          isExact ??= false;
          resolve();
        }
      });
      chain.once('error', (error) => {
        this.#end();
        reject(new WorkspaceError(error.message, { cause: error }));
      });
      chain.once('close', (code, signal) => {
        this.#end();
        reject(new WorkspaceError(firstLine(complaint) || `the namespace ended at once (${signal ?? code})`));
      });
    });
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#chain.kill('SIGKILL');
    for (const stream of [this.#chain.stdin, this.#chain.stdout, this.#chain.stderr]) stream?.destroy();
    for (const id of this.#reports.eventNames()) this.#reports.emit(id, 'over');
    for (const channel of this.#open) channel.close();
  }
}

/** A zygote that is made when it is first asked for. When something was mounted meanwhile, later workspaces have another one. */
export class SharedZygote {
  #current: Promise<Zygote> | undefined;
  /** Ended by something else than forge, or without a later mount; their folders are still there. */
  readonly #former: Zygote[] = [];

  constructor(private readonly start: () => Promise<Zygote>) {}

  /** Ends it with all that it started. @throws WorkspaceError where something of it can't be ended or removed */
  async close(): Promise<void> {
    const current = this.#current;
    this.#current = undefined;
    const living = await current?.catch(() => undefined);
    for (const zygote of [...this.#former.splice(0), ...(living ? [living] : [])]) await zygote.close();
  }

  /** @throws WorkspaceError */
  async get(): Promise<Zygote> {
    const current = this.#current;
    const zygote = await current?.catch(() => undefined);
    if (zygote?.isOfUse) return zygote;
    // Somebody else may have begun meanwhile.
    if (this.#current === current) {
      if (zygote !== undefined) this.#former.push(zygote);
      this.#current = this.start();
      // Why it could not be ended is told at the end.
      void zygote?.retire().catch(() => undefined);
    }
    return await this.#current!;
  }
}

/** mount(8) leaves out what it takes for mounted already; nothing may depend on its judgement. */
function mustBeMounted({ mounts }: NamespaceLayout, source: string, table: string): void {
  const mounted = readMounts(table);
  const targets = new Set(mounted.map(({ target }) => target));
  const missing = mounts.find(({ target }) => !targets.has(target));
  const overlays = mounted.filter((mount) => mount.source.startsWith(`${source}-`)).length;
  const wanted = mounts.filter(({ type }) => type === 'overlay').length;
  if (missing === undefined && overlays >= wanted) return;
  throw new WorkspaceError(`the mount on ${missing?.target ?? 'the working tree'} is not there`);
}
