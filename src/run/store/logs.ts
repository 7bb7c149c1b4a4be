import { createReadStream } from 'node:fs';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { replayRun } from '../../journal/index.js';
import { ExitCode } from '../../util/errors/exit-code.js';
import { ForgeError } from '../../util/errors/forge-error.js';
import { codeOf } from '../../util/errors/system-error.js';
import { isReaderGone } from '../../util/process/reader-gone.js';
import { nearestName } from '../../util/text/nearest-name.js';
import { openRunFile } from './run-file.js';
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

/** As openRunFile; 'none yet' for a log that is not there. */
function openLog(folder: RunFolder, log: string): number | 'none yet' | undefined {
  try {
    return openRunFile(folder, log);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return 'none yet';
    throw error;
  }
}

function nothingFrom(name: string, run: string, known: readonly string[]): ForgeError {
  const meant = nearestName(name, known);
  const message = known.includes(name)
    ? `${name} has not started in run ${run}`
    : `run ${run} has no task or gate ${name}${meant ? `; did you mean ${meant}?` : ''}`;
  return new ForgeError(message, ExitCode.invalid);
}
