import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { copyFile as copyWhole, type FileHandle, open, rename, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { codeOf, ignoring } from '../errors.js';
import { removeFile } from './remove-tree.js';

export interface CopyOptions {
  /** Fail with EEXIST where there is something already (default: it is overwritten). */
  exclusive?: boolean;
  /** Stops the copying of a large file; what was written of it is removed. */
  signal?: AbortSignal | undefined;
}

/** Above this size (bytes) a copy is made step by step where a signal may stop it. */
const LARGE = 8 << 20;
const STEP = 1 << 20;
/** What is left out as a hole when it is all zeros: a multiple of the blocks of file systems. */
const PIECE = 64 << 10;
const ZEROS = Buffer.alloc(PIECE);

/**
 * Copies a file's content and permission bits. Shares the blocks where the file system can (reflink); otherwise holes stay
 * holes, which copy_file_range(2) and sendfile(2), and so Node's own copyFile, fill with zeros.
 * @throws what the system says, and the signal's reason when it is aborted
 */
export async function copyFile(
  from: string | Buffer,
  to: string | Buffer,
  options: CopyOptions = {},
): Promise<void> {
  const { exclusive = false, signal } = options;
  signal?.throwIfAborted();
  const { size, blocks } = await stat(from);
  const sparse = size > PIECE && blocks * 512 < size;
  const once = exclusive ? constants.COPYFILE_EXCL : 0;
  if (!sparse && (signal === undefined || size <= LARGE))
    return copyWhole(from, to, constants.COPYFILE_FICLONE | once);
  try {
    return await copyWhole(from, to, constants.COPYFILE_FICLONE_FORCE | once);
  } catch (error) {
    // No shared blocks here. A full disk or no permission: copying meets the same, and says it better.
    if (exclusive && codeOf(error) === 'EEXIST') throw error;
  }
  await copyInSteps(from, to, { exclusive, sparse, signal });
}

type Steps = { exclusive: boolean; sparse: boolean; signal: AbortSignal | undefined };

async function copyInSteps(from: string | Buffer, to: string | Buffer, how: Steps): Promise<void> {
  const source = await open(from, 'r');
  try {
    const { mode } = await source.stat();
    const target = await open(to, how.exclusive ? 'wx' : 'w', mode & 0o777);
    try {
      const size = await pour(source, target, how);
      // Ends in a hole, or the file was longer: this is its length.
      await target.truncate(size);
      await target.chmod(mode & 0o7777);
    } catch (error) {
      removeFile(to);
      throw error;
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

/** Copies the bytes, holes left out, and resolves with how many the source had. */
async function pour(source: FileHandle, target: FileHandle, { sparse, signal }: Steps): Promise<number> {
  const buffer = Buffer.allocUnsafe(STEP);
  for (let at = 0; ; ) {
    signal?.throwIfAborted();
    const { bytesRead } = await source.read(buffer, 0, STEP, at);
    if (bytesRead === 0) return at;
    const read = buffer.subarray(0, bytesRead);
    if (!sparse) await writeAll(target, read, at);
    else
      for (const [start, end] of filled(read)) await writeAll(target, read.subarray(start, end), at + start);
    at += bytesRead;
  }
}

/** The parts of a buffer that are not all zeros, in whole pieces. */
function* filled(bytes: Buffer): Generator<[start: number, end: number]> {
  let start = -1;
  for (let at = 0; at < bytes.length; at += PIECE) {
    const piece = bytes.subarray(at, at + PIECE);
    const isHole = piece.equals(piece.length === PIECE ? ZEROS : ZEROS.subarray(0, piece.length));
    if (isHole && start !== -1) yield [start, at];
    start = isHole ? -1 : start === -1 ? at : start;
  }
  if (start !== -1) yield [start, bytes.length];
}

async function writeAll(target: FileHandle, bytes: Buffer, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await target.write(bytes, done, bytes.length - done, at + done);
    done += bytesWritten;
  }
}

/** SHA-256 (hex) of a file's bytes. An aborted `signal` ends the reading with an AbortError. */
export async function hashFile(path: string | Buffer, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { signal, highWaterMark: 1 << 20 }))
    hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** The same of bytes in memory, or of a text as UTF-8. */
export function hashBytes(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The same of a text, line ends aside: git may hand out CRLF where forge wrote LF. */
export function hashText(text: string): string {
  return hashBytes(text.replaceAll('\r\n', '\n'));
}

/** Whether something that was read from a file is such a hash. */
export function isHash(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
}

/** Flushes a file or folder to disk. */
export async function syncPath(path: string | Buffer, flags = constants.O_RDONLY): Promise<void> {
  const handle = await open(path, flags);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The same for a folder's entries. One that may be written but not read can't be synced: they reach the disk with the file system's journal. */
export async function syncFolder(path: string | Buffer): Promise<void> {
  await syncPath(path, constants.O_RDONLY | constants.O_DIRECTORY).catch(ignoring('EACCES'));
}

/** What a file is made of: as a whole, or in pieces that are never held as a whole. */
type Content = string | Uint8Array | Iterable<string>;

/** Writes a file and flushes it to disk; `flag` and `mode` as for open(2). */
export async function writeSynced(path: string, content: Content, flag = 'w', mode = 0o666): Promise<void> {
  const handle = await open(path, flag, mode);
  try {
    await writeFile(handle, content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Replaces a file so that after a crash it has either its old or its new content: write beside it, sync, rename, sync the folder. */
export async function writeFileDurably(path: string, content: Content): Promise<void> {
  const fresh = `${path}.new`;
  await writeSynced(fresh, content);
  await rename(fresh, path);
  await syncPath(dirname(path));
}
