import { closeSync, fstatSync, openSync } from 'node:fs';
import { isatty } from 'node:tty';
import { isReaderGone } from '../../util/errors.js';

const STANDARD = [0, 1, 2];

/**
 * Keeps what happens to standard output and standard error from ending forge: without a listener the error of a write to
 * a closed pipe, or to a terminal that was closed, is an uncaught exception. To be called before anything is written.
 * What it gives tells at the end what else went wrong with standard output (a full disk), where nobody else has dealt
 * with it.
 */
export function guardStandardStreams(): () => Promise<Error | undefined> {
  let lost: Error | undefined;
  process.stdout.on('error', (error) => {
    // A run has a listener of its own, tells it and goes on.
    if (!isReaderGone(error) && process.stdout.listenerCount('error') === 1) lost ??= error;
  });
  // Where standard error is lost, there is nobody left to tell.
  process.stderr.on('error', () => undefined);
  const terminals = STANDARD.filter((fd) => isatty(fd));
  process.on('exit', () => letGo(terminals));
  return async () => {
    await new Promise<void>((resolve) => process.stdout.write('', () => resolve()));
    return lost;
  };
}

/**
 * At its end node gives a terminal its settings back and aborts where it cannot, as with one that was closed
 * (`node::ResetStdio`: SIGABRT, a core dump, and SIGSEGV within an uncaught exception). It leaves alone what is another
 * file than at the start.
 */
function letGo(terminals: readonly number[]): void {
  for (const fd of terminals) {
    if (isatty(fd) || !isOpen(fd)) continue;
    closeSync(fd);
    // The lowest number that is free: this one, as those below it are open.
    openSync('/dev/null', 'r+');
  }
}

function isOpen(fd: number): boolean {
  try {
    fstatSync(fd);
    return true;
  } catch {
    // EBADF: somebody has closed it, and node leaves it alone.
    return false;
  }
}
