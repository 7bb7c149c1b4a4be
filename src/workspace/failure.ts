import { codeOf } from '../util/errors/system-error.js';
import type { BackendName } from './workspace.js';

/** The backend that was asked for cannot work here; the message is one readable line. */
export class BackendUnavailableError extends Error {
  override readonly name = 'BackendUnavailableError';
  constructor(
    readonly backend: BackendName,
    why: string,
  ) {
    super(`the ${backend} backend cannot be used here: ${why}`);
  }
}

/** Something went wrong with a workspace; the message says what, where and what to do. */
export class WorkspaceError extends Error {
  override readonly name: string = 'WorkspaceError';
}

/** The tree has a git folder that no view can keep apart from what is real, or from its files. */
export class UncoverableError extends WorkspaceError {
  override readonly name: string = 'UncoverableError';
}

const ADVICE: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full: free some space there, or point FORGE_STATE_DIR at a folder on another disk',
  EDQUOT: 'the disk quota is used up: free some space, or point FORGE_STATE_DIR at a folder on another disk',
  EACCES: 'permission denied: forge needs to read and write there as the user that runs it',
  EPERM: 'operation not permitted: forge needs to read and write there as the user that runs it',
  EROFS: 'the file system is read-only: point FORGE_STATE_DIR at a folder that can be written',
  EMFILE: 'too many open files: raise the limit (ulimit -n) or run fewer tasks at once (-j)',
  ENFILE: 'too many open files on this machine: close some programs or run fewer tasks at once (-j)',
  EOVERFLOW: 'it belongs to another user or group, which a private view cannot change: chown it to yourself',
  ENAMETOOLONG: 'the path is too long for this file system',
};

/** Takes an error and what was being done to which path ("write /x"); gives an error for people. One that was explained before is passed on as it is. */
export function explain(error: unknown, doing: string): Error {
  if (error instanceof WorkspaceError || error instanceof BackendUnavailableError) return error;
  const code = codeOf(error);
  const advice = code === undefined ? undefined : ADVICE[code];
  const text = error instanceof Error ? error.message : String(error);
  const where = doing.length > 500 ? `${doing.slice(0, 300)}…${doing.slice(-100)}` : doing;
  return new WorkspaceError(`cannot ${where}: ${advice ?? text}`, { cause: error });
}
