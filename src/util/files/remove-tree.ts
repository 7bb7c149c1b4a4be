import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmdirSync,
  rmSync,
  unlinkSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { yieldToEventLoop } from '../async/yield-to-event-loop.js';
import { codeOf, ForgeError, unlessGone } from '../errors.js';
import { run } from '../process/run-program.js';
import { O_PATH, onceFilesCanBeOpened } from './file-handles.js';

const FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const HAS_HANDLES = process.platform === 'linux' && existsSync('/proc/self/fd');
/** How often a folder is emptied again because something was put into it meanwhile. */
const TRIES = 4;

/**
 * Removes a folder with all that is in it, or a file or link; nothing there is fine. No link is ever followed, whoever
 * swaps what meanwhile: every step goes through the handle of the folder before (as openat(2) would). Node's own `rm` is
 * not used for that: where a link can't be unlinked (EPERM in a sticky folder of somebody else's) it lists what the link
 * leads to, and removes that. Nor is anything removed behind a mount. Folders that forbid it to their owner (mode 000,
 * 555) are opened first.
 * @throws what the system says (EBUSY for a mount point, EACCES for what is somebody else's).
 */
export async function removeTree(path: string | Buffer): Promise<void> {
  await onceFilesCanBeOpened(async () => {
    if (!HAS_HANDLES) return removeByProgram(path);
    const pause = yieldToEventLoop();
    try {
      for (const _ of removing(path)) await pause();
    } catch (error) {
      // A tree deeper than handles may be open.
      if (codeOf(error) !== 'EMFILE') throw error;
      await removeByProgram(path);
    }
  });
}

/** The same at once, for something small of forge's own. */
export function removeTreeSync(path: string | Buffer): void {
  if (!HAS_HANDLES) rmSync(path, { recursive: true, force: true });
  else for (const _ of removing(path));
}

/** Removes a file or link (never what it leads to); nothing there is fine. @throws what the system says */
export function removeFile(path: string | Buffer): void {
  unlessGone(() => unlinkSync(path));
}

/** Synchronous calls, several times faster than others; between the steps others may have their turn. */
function* removing(path: string | Buffer): Generator<void> {
  const stats = unlessGone(() => lstatSync(path));
  if (stats === undefined) return;
  if (!stats.isDirectory()) return removeFile(path);
  const folder = Buffer.from(path);
  yield* removeFolder(folder, mountOf(parentOf(folder)));
}

/** `mount` is that of the folder above. */
function* removeFolder(path: Buffer, mount: string | undefined): Generator<void> {
  for (let tries = 1; ; tries += 1) {
    const fd = unlessGone(() => openFolder(path));
    if (fd === undefined) return;
    try {
      const own = mountOfHandle(fd);
      if (own !== mount) throw mounted(readlinkSync(`/proc/self/fd/${fd}`));
      yield* emptyFolder(fd, own);
    } finally {
      closeSync(fd);
    }
    try {
      rmdirSync(path);
      return;
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return;
      if ((codeOf(error) !== 'ENOTEMPTY' && codeOf(error) !== 'EEXIST') || tries === TRIES) throw error;
    }
  }
}

function* emptyFolder(fd: number, mount: string | undefined): Generator<void> {
  const here = Buffer.from(`/proc/self/fd/${fd}/`);
  const { mode, uid } = fstatSync(fd);
  if ((mode & 0o300) !== 0o300 && uid === process.geteuid?.())
    chmodSync(`/proc/self/fd/${fd}`, (mode & 0o7777) | 0o700);
  for (const entry of readdirSync(here, { withFileTypes: true, encoding: 'buffer' })) {
    const at = Buffer.concat([here, entry.name as unknown as Buffer]);
    if (entry.isDirectory()) yield* removeFolder(at, mount);
    else removeFile(at);
    yield;
  }
}

/** Opens a folder, never through a link; one of ours that can't be read is made readable. */
function openFolder(path: Buffer): number {
  try {
    return openSync(path, FOLDER);
  } catch (error) {
    if (codeOf(error) !== 'EACCES') throw error;
    const named = openSync(path, O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    try {
      const { mode, uid } = fstatSync(named);
      if (uid !== process.geteuid?.()) throw error;
      chmodSync(`/proc/self/fd/${named}`, (mode & 0o7777) | 0o700);
    } finally {
      closeSync(named);
    }
    return openSync(path, FOLDER);
  }
}

/** The id of the mount that a folder is on (proc(5), fdinfo); a bind mount of the same disk has one of its own. */
function mountOf(folder: Buffer): string | undefined {
  const fd = openSync(folder, O_PATH | constants.O_DIRECTORY);
  try {
    return mountOfHandle(fd);
  } finally {
    closeSync(fd);
  }
}

function mountOfHandle(fd: number): string | undefined {
  return /^mnt_id:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1];
}

function mounted(path: string): Error {
  return Object.assign(new Error(`EBUSY: something is mounted on ${path}; unmount it first`), {
    code: 'EBUSY',
  });
}

function parentOf(path: Buffer): Buffer {
  return Buffer.from(dirname(path.toString('latin1')), 'latin1');
}

/** rm(1) goes from folder to folder by handles, too, but into what is mounted there from the same disk. */
async function removeByProgram(path: string | Buffer): Promise<void> {
  if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return removeFile(path);
  const point = mountPoints().find((each) => `${each}/`.startsWith(`${realpathSync(path, 'latin1')}/`));
  if (point !== undefined) throw mounted(point);
  // What is not ours to open stays closed; rm says so.
  await run('chmod', ['-R', 'u+rwX', '--', path.toString()], { cwd: '/' });
  const { ok, notStarted, stderr } = await run('rm', ['-rf', '--', path.toString()], { cwd: '/' });
  if (!ok) throw notStarted ?? new ForgeError(stderr);
}

/** As bytes (latin1). Empty where there is no /proc. */
function mountPoints(): string[] {
  const table = unlessGone(() => readFileSync('/proc/self/mountinfo', 'latin1')) ?? '';
  return table
    .split('\n')
    .map((line) =>
      (line.split(' ')[4] ?? '').replace(/\\(\d{3})/g, (_, code) => String.fromCharCode(parseInt(code, 8))),
    );
}
