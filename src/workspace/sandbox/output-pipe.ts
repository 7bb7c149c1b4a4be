import { spawnSync } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { removeTreeSync } from '../../util/files/remove-tree.js';
import { findTool } from '../../util/process/find-program.js';
import { makeTemporary } from '../scratch/temporary.js';

/** The two ends of a pipe: `fd` for a child (to be closed here once it has started), `stream` to read from. */
export interface OutputPipe {
  fd: number;
  stream: Readable;
}

/** Pipes that are made at once, as a program has to be started for it. */
const BATCH = 8;

/** Made and not used yet: their ends. */
const ready: { read: number; write: number }[] = [];

/**
 * Gives real pipes, or undefined where the system can't make them. Node's own 'pipe' is a socket, and a socket can't be
 * opened by name: `echo oops >/dev/stderr` in a task's script would fail with "No such device or address". A FIFO
 * that is opened at both ends and then removed is a pipe in every way.
 */
export function makeOutputPipes(count: number): OutputPipe[] | undefined {
  const mkfifo = findTool('mkfifo');
  if (mkfifo === undefined || process.platform === 'win32') return undefined;
  if (ready.length < count && !makeReady(mkfifo, Math.max(BATCH, count))) return undefined;
  return ready.splice(0, count).map(({ read, write }) => ({
    fd: write,
    stream: new Socket({ fd: read, readable: true, writable: false }),
  }));
}

function makeReady(mkfifo: string, count: number): boolean {
  const dir = makeTemporary('pipe');
  const open: number[] = [];
  try {
    const paths = Array.from({ length: count }, (_, index) => join(dir, String(index)));
    if (spawnSync(mkfifo, ['-m', '600', ...paths]).status !== 0) return false;
    for (const path of paths)
      for (const end of [constants.O_RDONLY | constants.O_NONBLOCK, constants.O_WRONLY])
        open.push(openSync(path, end));
    for (const [index] of paths.entries())
      ready.push({ read: open[2 * index]!, write: open[2 * index + 1]! });
    return true;
  } catch (error) {
    for (const fd of open) closeSync(fd);
    throw error;
  } finally {
    removeTreeSync(dir);
  }
}
