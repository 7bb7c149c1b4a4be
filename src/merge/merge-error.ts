import { codeOf, ExitCode, explain, ForgeError } from '../util/errors.js';
import { GitError } from '../util/git/git.js';

/** A merge that could not be done. The message says where it stopped, in what state the working tree is, and what to do. */
export class MergeError extends ForgeError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, ExitCode.failed, options);
  }
}

/** Something failed past the commit point: part of the merge is in the working tree, and the next forge command finishes it. */
export class HalfWrittenError extends MergeError {
  override readonly exitCode = ExitCode.halfWritten;
}

/** The working tree changed between comparing and writing; nothing was written. Comparing again decides. */
export class TreeChangedError extends MergeError {
  constructor(readonly paths: readonly string[]) {
    super(
      `The working tree changed while the merge was prepared: ${paths.map((path) => JSON.stringify(path)).join(', ')}. The merge did not touch it; run \`forge merge\` again.`,
    );
  }
}

/** The error for people of what went wrong while doing something to a path. `state` ends the message: what became of the working tree. */
export function mergeFailure(doing: string, path: string, error: unknown, state: string): MergeError {
  if (error instanceof MergeError) return error;
  if (error instanceof GitError) return new MergeError(error.message, { cause: error });
  const code = codeOf(error);
  const message = `Cannot ${doing} ${JSON.stringify(path)}: ${explain(error)}${code ? ` (${code})` : ''}. ${state}`;
  return state === FINISHES_LATER
    ? new HalfWrittenError(message, { cause: error })
    : new MergeError(message, { cause: error });
}

/** What `work` gives; what it throws is explained as by `mergeFailure`. */
export async function explaining<T>(
  doing: string,
  path: string,
  state: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw mergeFailure(doing, path, error, state);
  }
}

/** The error for content of a run that is no longer what was collected. */
export function damaged(path: string): MergeError {
  return new MergeError(
    `The stored content of ${JSON.stringify(path)} is damaged (its checksum is wrong). The working tree was not touched; \`forge resume -B\` makes it anew.`,
  );
}

export const NOTHING_TOUCHED =
  'The working tree was not touched; put that right and run `forge merge` again.';
export const FINISHES_LATER =
  'The merge is half written: put that right, and the next forge command finishes it.';
