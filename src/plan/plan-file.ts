import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { ExitCode, ForgeError, reasonOf } from '../util/errors.js';
import { sanitize } from '../util/text/sanitize.js';

const LARGEST = 10 * 1024 * 1024;

/** The plan file can't be read as text at all; the message is one line that names the file. */
export class PlanFileError extends ForgeError {
  constructor(message: string) {
    super(message, ExitCode.invalid);
  }
}

/**
 * The text of a plan file, without a byte order mark.
 * @throws PlanFileError when it is missing, unreadable, not a regular file (a symbolic link to one will do), larger than
 * 10 MB or not UTF-8
 */
export async function readPlanFile(file: string): Promise<string> {
  // Looked at before it is opened: opening a FIFO would wait for a writer.
  const kind = await stat(file).catch((error: unknown) => refuse(file, error));
  if (!kind.isFile())
    throw new PlanFileError(
      `${sanitize(file)} is ${kind.isDirectory() ? 'a folder' : 'not a regular file'}, not a plan`,
    );
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: unknown) =>
    refuse(file, error),
  );
  try {
    const { size } = await handle.stat();
    if (size > LARGEST) throw new PlanFileError(`${sanitize(file)} is larger than 10 MB: that is no plan`);
    const bytes = await handle.readFile().catch((error: unknown) => refuse(file, error));
    if (bytes.length > LARGEST)
      throw new PlanFileError(`${sanitize(file)} is larger than 10 MB: that is no plan`);
    return decode(file, bytes);
  } finally {
    await handle.close();
  }
}

function decode(file: string, bytes: Buffer): string {
  try {
    // Without ignoreBOM the decoder drops a byte order mark, which no column should count.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    // The decoder's TypeError says no more than that.
    throw new PlanFileError(`${sanitize(file)} is not UTF-8 text`);
  }
}

function refuse(file: string, error: unknown): never {
  const reason = reasonOf(error, { ENOENT: 'there is no such file' });
  throw new PlanFileError(`cannot read the plan ${sanitize(file)}: ${reason}`);
}
