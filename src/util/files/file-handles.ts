import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf } from '../errors.js';

/** Linux's O_PATH: a handle that only names something and needs no permission to read it (not in node:fs). */
export const O_PATH = 0o10000000;

/** How long something waits for others to close files when no more may be opened, in milliseconds: between, in all. */
const WAIT_MS = { pause: 20, all: 5000 };

/**
 * Does something that must not be left undone only because this process has too many files open just now (EMFILE): tries it
 * again until others have closed theirs, for some seconds. `act` may have done a part of it already when it is called again.
 * @throws what `act` throws
 */
export async function onceFilesCanBeOpened<T>(act: () => Promise<T>): Promise<T> {
  for (const until = performance.now() + WAIT_MS.all; ; await sleep(WAIT_MS.pause)) {
    try {
      return await act();
    } catch (error) {
      if (codeOf(error) !== 'EMFILE' || performance.now() > until) throw error;
    }
  }
}
