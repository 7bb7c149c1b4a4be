import { closeSync, constants, fstatSync, openSync, realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, sep } from 'node:path';
import { codeOf } from '../../util/errors/system-error.js';
import type { RunFolder } from './run-folder.js';

/**
 * Opens a file that a journal names, for reading, if it is one of that run's own: a regular file (no link, no FIFO, no
 * device) really below the run's folder. A journal is a file that anybody may have written. Gives the descriptor, or
 * undefined where it is not such a file.
 * @throws ENOENT where its folder is there and it is not, and what else opening throws.
 */
export function openRunFile(folder: RunFolder, path: unknown): number | undefined {
  if (typeof path !== 'string' || !isAbsolute(path) || path.includes('\0')) return undefined;
  const above = realFolder(dirname(path));
  const top = realpathSync(folder.dir);
  if (above !== top && !above?.startsWith(top + sep)) return undefined;
  let file: number;
  try {
    // NONBLOCK: opening a FIFO would wait for somebody to write into it.
    file = openSync(
      join(above, basename(path)),
      constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0),
    );
  } catch (error) {
    if (['ELOOP', 'ENXIO', 'EMLINK'].includes(codeOf(error) ?? '')) return undefined;
    throw error;
  }
  if (fstatSync(file).isFile()) return file;
  closeSync(file);
  return undefined;
}

function realFolder(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(codeOf(error) ?? '')) return undefined;
    throw error;
  }
}
