import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from '../../util/errors/system-error.js';
import { findTool } from '../../util/process/find-program.js';
import { statFields } from '../../util/process/identity.js';
import { WorkspaceError, workspaceFailure } from '../failure.js';
import { hostDoors } from './host-doors.js';
import { type Mount, mountsHere, mountTable, readMounts } from './mount-table.js';

/** What a new namespace looks like. */
export interface NamespaceLayout {
  /** Folder of forge's own in which tables are written, and to which names in overlay options are relative. */
  cwd: string;
  /** Folder in which commands start, as seen inside. */
  view: string;
  /** In order. */
  mounts: readonly Mount[];
  /**
   * A path in the upper folder of an overlay (relative to `cwd`) that hides what the lower has there, and the mounts to
   * make instead where the kernel refuses (ordinary users before Linux 5.8).
   */
  whiteout?: { path: string; otherwise: readonly Mount[] };
  /** With a user namespace: needed by everybody but real root. */
  userNamespace: boolean;
}

/** The first process of a namespace. */
export interface Keeper {
  /** setpriv, which became unshare: the namespace ends with it. */
  chain: ChildProcess;
  /** Pid of the first process, out here. */
  pid: number;
  /** In the environment of forge's own processes inside, so that they are not taken for a task's. */
  token: string;
}

/**
 * Everything comes in as arguments. After the mounts it reaps whatever is orphaned in the namespace (every shell reaps
 * while it waits for a program, here `cat`, which ends with the pipe to forge; were it killed, the loop starts another),
 * so that the namespace ends with forge in any case.
 */
const SCRIPT = `set -e
cd "$1"
table=mounts
[ -z "$3" ] || mknod "$3" c 0 0 2>/dev/null || table=mounts-otherwise
mount -n -a -c -T "$table"
cd "$2"
echo ready
until cat >/dev/null; do :; done`;

/** The programs without which there are no namespaces (all of util-linux, but sh, cat and mknod). */
const TOOLS = ['setpriv', 'unshare', 'nsenter', 'mount', 'sh', 'cat', 'mknod'];

/** Why namespaces can't be used, without trying; undefined when they may work. */
export function namespacesRuledOut(): string | undefined {
  if (process.platform !== 'linux') return 'only Linux has the namespaces it needs';
  if (process.env.FORGE_ISOLATION === 'none') return 'FORGE_ISOLATION=none turns namespaces off';
  const missing = TOOLS.filter((tool) => findTool(tool) === undefined);
  if (missing.length > 0) return `${missing.join(', ')} not found (package util-linux)`;
  return undefined;
}

/** Makes a namespace with its mounts. Throws WorkspaceError with the reason in one line; then nothing is left of it. */
export async function startKeeper(layout: NamespaceLayout): Promise<Keeper> {
  const secret = randomBytes(12).toString('hex');
  const token = `FORGE_KEEPER=${secret}`;
  const source = `forge-${secret.slice(0, 12)}`;
  writeTables(layout, source);
  const chain = launch(layout, token);
  try {
    await untilReady(chain);
    const pid = childOf(chain.pid ?? 0);
    if (pid === undefined)
      throw new WorkspaceError('the first process of the namespace could not be found in /proc');
    mustBeMounted(layout, source, mountsOf(pid));
    return { chain, pid, token };
  } catch (error) {
    // Whatever went wrong (no file handle left to look into /proc): it would live, and keep forge from ending.
    chain.kill('SIGKILL');
    closeStreams(chain);
    throw error;
  }
}

/** The table of mounts as the first process of a namespace sees it. Throws WorkspaceError when the namespace has ended. */
export function mountsOf(keeper: number): string {
  try {
    return readFileSync(`/proc/${keeper}/mountinfo`, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ESRCH' || codeOf(error) === 'EINVAL')
      throw new WorkspaceError('the private view ended while it was needed', { cause: error });
    throw workspaceFailure(error, 'read the mounts of the private view');
  }
}

export function closeStreams(chain: ChildProcess): void {
  for (const stream of [chain.stdin, chain.stdout, chain.stderr]) stream?.destroy();
}

/** Absolute path of a program. Throws WorkspaceError where it is missing. */
export function tool(name: string): string {
  const path = findTool(name);
  if (path === undefined) throw new WorkspaceError(`${name} not found (package util-linux)`);
  return path;
}

/** Environment of forge's own processes in a namespace. `token` is `NAME=value`. */
export function helperEnv(token: string): Record<string, string> {
  const [name = '', value = ''] = token.split('=');
  return { PATH: `${process.env.PATH ?? ''}:/usr/bin:/bin:/usr/sbin:/sbin`, LC_ALL: 'C', [name]: value };
}

function writeTables({ cwd, mounts, whiteout }: NamespaceLayout, source: string): void {
  const isRoot = process.getuid?.() === 0;
  const outside = mountsHere();
  const doors = isRoot ? hostDoors(outside) : [];
  // The doors first: root, a state folder or a temporary folder may lie on what they cover.
  const write = (name: string, list: readonly Mount[]) =>
    writeFileSync(join(cwd, name), mountTable([...doors, ...list], source, outside));
  write('mounts', mounts);
  if (whiteout !== undefined) write('mounts-otherwise', whiteout.otherwise);
}

function launch({ cwd, view, whiteout, userNamespace }: NamespaceLayout, token: string): ChildProcess {
  const user = userNamespace
    ? ['-U', `--map-user=${process.getuid?.() ?? 0}`, `--map-group=${process.getgid?.() ?? 0}`, '--keep-caps']
    : [];
  try {
    return spawn(
      tool('setpriv'),
      [
        ...['--pdeathsig', 'KILL', tool('unshare'), ...user],
        ...['-mp', '--fork', '--kill-child=KILL', '--mount-proc', tool('sh'), '-c', SCRIPT, 'sh'],
        ...[cwd, view, whiteout?.path ?? ''],
      ],
      {
        detached: true,
        stdio: ['pipe', 'pipe', 'pipe'],
        // The mount(2) call, not fsconfig(2): values of the latter end at 255 characters.
        env: { ...helperEnv(token), LIBMOUNT_FORCE_MOUNT2: 'always' },
      },
    );
  } catch (error) {
    throw workspaceFailure(error, 'start a namespace');
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
    if (/^\d+$/.test(name) && statFields(`/proc/${name}`)?.[1] === String(pid)) return Number(name);
  }
  return undefined;
}
