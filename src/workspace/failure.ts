import { codeOf, ExitCode, explain, ForgeError } from '../util/errors.js';

/** The backend that was asked for cannot work here; the message is one readable line. */
export class BackendUnavailableError extends ForgeError {
  constructor(
    readonly backend: string,
    why: string,
  ) {
    super(`the ${backend} backend cannot be used here: ${why}`, ExitCode.invalid);
  }
}

/** Something went wrong with a workspace; the message says what, where and what to do. */
export class WorkspaceError extends ForgeError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, ExitCode.failed, options);
  }
}

/** The tree has a git folder that no view can keep apart from what is real, or from its files. */
export class UncoverableError extends WorkspaceError {
  override readonly exitCode = ExitCode.invalid;
}

/** What helps when a disk can't take more: scratch may lie on another. */
const NO_ROOM = ['ENOSPC', 'EDQUOT', 'EROFS'];

/** The error for people of what went wrong while doing something (`write /x`). One that was meant for them already stays as it is. */
export function workspaceFailure(error: unknown, doing: string): Error {
  if (error instanceof ForgeError) return error;
  const where = doing.length > 500 ? `${doing.slice(0, 300)}…${doing.slice(-100)}` : doing;
  const other = NO_ROOM.includes(codeOf(error) ?? '')
    ? ', or point FORGE_STATE_DIR at a folder on another disk'
    : '';
  return new WorkspaceError(`cannot ${where}: ${explain(error)}${other}`, { cause: error });
}
