import { spawnSync } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { removeTreeSync } from '../../util/files/remove-tree.js';
import { findTool } from '../../util/process/find-program.js';
import { makeTemporary } from '../scratch/temporary.js';

/** The two ends of a pipe: `fd` to write to (for a child; to be closed here once it has started), `stream` to read from. */
export interface OutputPipe {
  fd: number;
  stream: Socket;
}

/** Both ends of a FIFO. */
interface Ends {
  read: number;
  write: number;
}

/** Pipes that are made at once, as a program has to be started for it. */
const BATCH = 8;

/** Made and not used yet. */
const ready: Ends[] = [];

/**
 * Gives real pipes, or undefined where the system can't make them. Node's own 'pipe' is a socket, and a socket can't be
 * opened by name: `echo oops >/dev/stderr` in a task's script would fail with "No such device or address". A FIFO
 * that is opened at both ends and then removed is a pipe in every way.
 */
export function makeOutputPipes(count: number): OutputPipe[] | undefined {
  const mkfifo = findTool('mkfifo');
  if (mkfifo === undefined || process.platform === 'win32') return undefined;
  if (ready.length < count && !makeReady(mkfifo, Math.max(BATCH, count))) return undefined;
  return ready.splice(0, count).map(pipeOf);
}

/** Opens FIFOs that are there, all of them or none. */
export function openOutputPipes(paths: readonly string[]): OutputPipe[] {
  return openEnds(paths).map(pipeOf);
}

function makeReady(mkfifo: string, count: number): boolean {
  const dir = makeTemporary('pipe');
  try {
    const paths = Array.from({ length: count }, (_, index) => join(dir, String(index)));
    if (spawnSync(mkfifo, ['-m', '600', ...paths]).status !== 0) return false;
    ready.push(...openEnds(paths));
    return true;
  } finally {
    removeTreeSync(dir);
  }
}

function openEnds(paths: readonly string[]): Ends[] {
  const open: number[] = [];
  const opened = (path: string, flags: number) => open[open.push(openSync(path, flags)) - 1]!;
  try {
    return paths.map((path) => ({
      read: opened(path, constants.O_RDONLY | constants.O_NONBLOCK),
      write: opened(path, constants.O_WRONLY),
    }));
  } catch (error) {
    for (const fd of open) closeSync(fd);
    throw error;
  }
}

function pipeOf({ read, write }: Ends): OutputPipe {
  return { fd: write, stream: new Socket({ fd: read, readable: true, writable: false }) };
}
