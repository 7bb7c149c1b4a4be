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

/**
 * Makes real pipes, or gives undefined where the system can't. Node's own 'pipe' is a socket, and a socket can't be
 * opened by name: `echo oops >/dev/stderr` in a task's script would fail with "No such device or address". A FIFO
 * that is opened at both ends and then removed is a pipe in every way.
 */
export function makeOutputPipes(count: number): OutputPipe[] | undefined {
  const mkfifo = findTool('mkfifo');
  if (mkfifo === undefined || process.platform === 'win32') return undefined;
  const dir = makeTemporary('pipe');
  const open: number[] = [];
  try {
    const paths = Array.from({ length: count }, (_, index) => join(dir, String(index)));
    if (spawnSync(mkfifo, ['-m', '600', ...paths]).status !== 0) return undefined;
    const ends = paths.map((path) => {
      const read = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      open.push(read);
      const write = openSync(path, constants.O_WRONLY);
      open.push(write);
      return { read, write };
    });
    return ends.map(({ read, write }) => ({
      fd: write,
      stream: new Socket({ fd: read, readable: true, writable: false }),
    }));
  } catch (error) {
    for (const fd of open) closeSync(fd);
    throw error;
  } finally {
    removeTreeSync(dir);
  }
}
