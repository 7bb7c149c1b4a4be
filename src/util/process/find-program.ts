import { delimiter, isAbsolute, resolve } from 'node:path';
import { isExecutable } from './is-executable.js';

/**
 * Where a shell would find a program: a name on `searchPath` (the value of PATH), anything with a slash relative to
 * `folder`. Its absolute path, or undefined when no executable file is there; it is not run.
 */
export function findProgram(name: string, searchPath: string, folder: string): string | undefined {
  const candidates =
    name.includes('/') || isAbsolute(name)
      ? [resolve(folder, name)]
      : searchPath.split(delimiter).map((entry) => resolve(folder, entry, name));
  return candidates.find(isExecutable);
}
