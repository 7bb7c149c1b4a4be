import { existsSync } from 'node:fs';
import { codeOf, ExitCode, ForgeError } from '../util/errors.js';

/**
 * Makes sure that the current folder has a path, as every command needs.
 * @throws ForgeError (2) where it has none: the folder is gone, or its path is not UTF-8, which node cannot name.
 */
export function requireCurrentFolder(): void {
  const folder = currentFolder();
  if (folder.includes('\ufffd') && !existsSync(folder)) {
    throw new ForgeError(
      `the path of this folder is not UTF-8 (${folder}), and forge works only where it is: rename the folder`,
      ExitCode.invalid,
    );
  }
}

function currentFolder(): string {
  try {
    return process.cwd();
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    throw new ForgeError(
      'the current folder is gone (removed, or made anew): change to one that is there, or name one with -C',
      ExitCode.invalid,
    );
  }
}
