import { join } from 'node:path';
import { ExitCode, ForgeError } from '../../util/errors.js';
import { LockHeldError, type LockHolder, lockHolder, takeLock } from '../../util/files/file-lock.js';
import { mayBeCommitted, mayBeMerging } from '../../util/files/merge-record.js';
import { forgeFolder } from './forge-folder.js';

const lockFile = (root: string) => join(forgeFolder(root), 'lock');

/**
 * Takes the one lock of a working tree, so that two forges never write to it at the same time. `.forge` must be there
 * and trusted (see forge-folder). `doing` is what the message of a second forge says. Gives the function that releases
 * it, or at once what `ifHeld` gives when another forge holds it, or may hold it.
 * @throws ForgeError (3) then, without `ifHeld`
 */
export function lockRoot<T = never>(
  root: string,
  about: { doing: string; run?: string },
  ifHeld: (holder: LockHolder) => T = (holder) => {
    throw busy(root, holder);
  },
): (() => void) | T {
  try {
    return takeLock(lockFile(root), about);
  } catch (error) {
    if (error instanceof LockHeldError) return ifHeld(error.holder);
    throw error;
  }
}

/** Who holds the lock of a root; undefined when nobody does. */
export function rootLockHolder(root: string): LockHolder | undefined {
  return lockHolder(lockFile(root));
}

/** Whether a forge is (or, seen from another machine or container, may be) at work on a run. */
export function isUnderWay(root: string, run: string): boolean {
  const holder = rootLockHolder(root);
  if (holder === undefined) return false;
  // One that finishes a merge does not say of which run.
  return holder.run === run || (holder.run === undefined && mayBeCommitted(root));
}

/**
 * The same for whoever may not be wrong: also when it is not known what the other forge is at, as one that finishes a
 * merge, or just begins, may be at any run.
 */
export function mayBeAtWorkOn(root: string, run: string): boolean {
  const holder = rootLockHolder(root);
  if (holder === undefined) return mayBeMerging(root);
  return holder.run === undefined || holder.run === run || mayBeMerging(root);
}

/** That another forge holds a root, and what to do about it. */
export function busy(root: string, { process: { pid }, doing, liveness, isOfCopy }: LockHolder): ForgeError {
  const message = isOfCopy
    ? `the lock of ${root} was taken in another folder, as in one that this is a copy of, by a forge that may still be at work there (pid ${pid}, ${doing}); if this is a copy, remove ${lockFile(root)}`
    : liveness === 'alive'
      ? `another forge (pid ${pid}, ${doing}) is at work on ${root}; wait for it, or end it with \`forge abort\``
      : `a forge of another machine or container (its pid there ${pid}, ${doing}) holds ${root}, and whether it lives can't be told from here; wait for it, or, if you are sure that it is gone, remove ${lockFile(root)}`;
  return new ForgeError(message, ExitCode.refused);
}
