import { closeSync, constants, createReadStream, fstatSync, openSync, realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join } from 'node:path';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { replayRun } from '../../journal/index.js';
import { type ForgeError, hasCode, invalid, isReaderGone, unlessOutOfReach } from '../../util/errors.js';
import { isWithin } from '../../util/paths/path.js';
import { nearestName } from '../../util/text/nearest-name.js';
import type { RunFolder } from './run-folder.js';

/**
 * Prints what a task or gate of a run has printed, byte for byte: its last attempt, or `all` of them in the order of time.
 * `note` is told of a log that is none of the run's files.
 * @throws ForgeError (2) where there is no such task or gate, or it has not started
 */
export async function printLogs(
  folder: RunFolder,
  name: string,
  { all, out, note }: { all: boolean; out: Writable; note: (text: string) => void },
): Promise<void> {
  const { logs, tasks } = replayRun(folder.journal);
  const files = logs.get(name);
  if (!files) throw nothingFrom(name, folder.id, [...tasks.keys(), ...logs.keys()]);
  for (const file of new Set(all ? files : files.slice(-1))) {
    const fd = openLog(folder, file);
    if (fd === undefined) note(`skipped ${file}: it is not a file of this run (${folder.dir})`);
    if (typeof fd !== 'number') continue;
    try {
      // A descriptor takes the place of the path.
      await pipeline(createReadStream('', { fd }), out, { end: false });
    } catch (error) {
      // `forge logs a | head -1`
      if (isReaderGone(error)) return;
      throw error;
    }
  }
}

/**
 * Opens a log that a journal names, for reading, if it is one of that run's own: a regular file (no link, no FIFO, no
 * device) really below the run's folder. A journal is a file that anybody may have written. Gives the descriptor; undefined
 * where it is not such a file.
 */
function openLog(folder: RunFolder, path: unknown): number | 'none yet' | undefined {
  if (typeof path !== 'string' || !isAbsolute(path) || path.includes('\0')) return undefined;
  const above = unlessOutOfReach(() => realpathSync(dirname(path)));
  const top = realpathSync(folder.dir);
  if (above === undefined || !isWithin(above, top)) return undefined;
  let file: number;
  try {
    // NONBLOCK: opening a FIFO would wait for somebody to write into it.
    file = openSync(
      join(above, basename(path)),
      constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0),
    );
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return 'none yet';
    if (hasCode(error, 'ELOOP', 'ENXIO', 'EMLINK')) return undefined;
    throw error;
  }
  if (fstatSync(file).isFile()) return file;
  closeSync(file);
  return undefined;
}

function nothingFrom(name: string, run: string, known: readonly string[]): ForgeError {
  const meant = nearestName(name, known);
  const message = known.includes(name)
    ? `${name} has not started in run ${run}`
    : `run ${run} has no task or gate ${name}${meant ? `; did you mean ${meant}?` : ''}`;
  return invalid(message);
}
