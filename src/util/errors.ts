/**
 * Every way forge can end, for scripts and CI. Whatever the code, finished work is kept in the run folder, and the
 * last line printed says how to go on.
 */
export const ExitCode = {
  /** Everything was merged, or there was nothing to do (also: `--no-merge` and all gates passed). */
  ok: 0,
  /** A task or a gate failed, or forge itself could not go on (disk full, no permission). Nothing was merged. */
  failed: 1,
  /** The plan or the command line is invalid, or an agent's program or a backend is missing. Nothing was started. */
  invalid: 2,
  /** The merge was refused: the tree changed underneath in a way that can't be merged, or another forge is at work on it. */
  refused: 3,
  /** Declined at the prompt. */
  declined: 4,
  /** A merge was half written when something failed (past its commit point). The next forge command finishes it. */
  halfWritten: 5,
  /** Interrupted by SIGINT (Ctrl-C). */
  interrupted: 130,
  /** Interrupted by SIGTERM. */
  terminated: 143,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** An error meant for people: printed as one `forge: …` message without a stack trace, then forge exits with `exitCode`. All else that is thrown is a bug. */
export class ForgeError extends Error {
  override name = this.constructor.name;
  constructor(
    message: string,
    readonly exitCode: ExitCode = ExitCode.failed,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The error for what people asked for and can't have: a plan, a command line, a file that is not valid. Nothing was started. */
export function invalid(message: string): ForgeError {
  return new ForgeError(message, ExitCode.invalid);
}

/** The code of a system error (`ENOENT`); undefined for anything else. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** What an error says. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Codes of system errors (errno(3)) in words: what it is, and what to do about it. */
const MEANINGS: Readonly<Record<string, readonly [what: string, remedy?: string]>> = {
  ENOSPC: ['the disk is full', 'make room'],
  EDQUOT: ['the disk quota is used up', 'make room'],
  EROFS: ['the file system is read-only', 'remount it for writing'],
  EACCES: ['permission denied', 'give yourself access'],
  EPERM: ['the operation is not permitted', 'look for an immutable flag or a foreign owner'],
  EMFILE: ['too many open files', 'raise the limit (ulimit -n) or run fewer tasks at once (-j)'],
  ENFILE: ['too many open files on this machine', 'close some programs or run fewer tasks at once (-j)'],
  ENAMETOOLONG: ['the path is too long for this file system', 'shorten it'],
  EOVERFLOW: [
    'it belongs to another user or group, which a private view cannot change',
    'chown it to yourself',
  ],
  ELOOP: ['its symbolic links go round in circles'],
};

/** What an error means, as a clause: `permission denied`. `here` has the words for codes that mean something of their own where it happened. */
export function reasonOf(error: unknown, here: Readonly<Record<string, string>> = {}): string {
  const code = codeOf(error) ?? '';
  return here[code] ?? MEANINGS[code]?.[0] ?? messageOf(error);
}

/** What an error means and, where that is known, what to do: `the disk is full: make room`. */
export function explain(error: unknown): string {
  return MEANINGS[codeOf(error) ?? '']?.join(': ') ?? messageOf(error);
}

/** Whether an error is a system error with one of these codes. */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return codes.includes(codeOf(error) ?? '');
}

/**
 * Whether an error of a stream means that its reader has gone: a closed pipe (`forge check | head -1`), a terminal that
 * went away. That is no error of ours, and nobody is left to tell.
 */
export function isReaderGone(error: unknown): boolean {
  return hasCode(error, 'EPIPE', 'EIO', 'ECONNRESET', 'ERR_STREAM_DESTROYED', 'ERR_STREAM_WRITE_AFTER_END');
}

/** For `catch` of a promise: passes over system errors with these codes. @throws any other error */
export function ignoring(...codes: readonly string[]): (error: unknown) => undefined {
  return (error) => {
    if (!hasCode(error, ...codes)) throw error;
  };
}

/** What `act` gives; undefined where it throws a system error with one of these codes. @throws all else that it throws */
export function unless<T>(codes: readonly string[], act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    return ignoring(...codes)(error);
  }
}

/** The same where what it acts on is gone. */
export function unlessGone<T>(act: () => T): T | undefined {
  return unless(['ENOENT'], act);
}

/** The same where it is not there, or not for this user to get at, whoever asks; not where asking failed (EMFILE). */
export function unlessOutOfReach<T>(act: () => T): T | undefined {
  return unless(['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES', 'EPERM'], act);
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
