import { accessSync, constants, statSync } from 'node:fs';

/** Whether a path leads to a file that this user may run. */
export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    // Not there, or not to be run by us: both mean that it is not this one.
    return false;
  }
}
