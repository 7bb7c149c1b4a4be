/** The code of a system error (`ENOENT`); undefined for anything else. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** What `act` gives; undefined where what it acts on is gone (ENOENT). @throws all else that it throws */
export function unlessGone<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whether an error says that something is not there, or not for this user to get at, whoever asks; not that asking failed (EMFILE). */
export function isOutOfReach(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES', 'EPERM'].includes(codeOf(error) ?? '');
}

/** Whether making something under a name worked; false when the name is taken (EEXIST). @throws all else that `make` throws */
export function isMade(make: () => void): boolean {
  try {
    make();
    return true;
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    return false;
  }
}
