import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, resolve } from 'node:path';

/**
 * Where a shell would find a program: a name on `searchPath` (the value of PATH), anything with a slash relative to
 * `folder`. Its absolute path, or undefined when no executable file is there; it is not run. `isProgram` judges
 * the candidates.
 */
export function findProgram(
  name: string,
  searchPath: string,
  folder: string,
  isProgram = isExecutable,
): string | undefined {
  const candidates = name.includes('/')
    ? [resolve(folder, name)]
    : searchPath.split(delimiter).map((entry) => resolve(folder, entry, name));
  return candidates.find(isProgram);
}

const found = new Map<string, string | undefined>();

/** The same for a program of the system, looked up once: in PATH, then where system programs lie when PATH leaves them out (sbin). */
export function findTool(name: string): string | undefined {
  if (found.has(name)) return found.get(name);
  // What lies in the current folder is no program of the system.
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder.startsWith('/'));
  const searchPath = [...folders, '/usr/bin', '/bin', '/usr/sbin', '/sbin'].join(delimiter);
  const path = findProgram(name, searchPath, '/');
  found.set(name, path);
  return path;
}

/** Whether a path leads to a file that this user may run. */
function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    // Not there, or not to be run by us: both mean that it is not this one.
    return false;
  }
}
