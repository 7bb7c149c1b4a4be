import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, resolve } from 'node:path';

/**
 * Looks a program up as a shell would: a name on `searchPath` (the value of PATH), anything with a slash relative to
 * `folder`. Gives its absolute path, or undefined when no executable file is there. Does not run it.
 */
export async function findProgram(
  name: string,
  searchPath: string,
  folder: string,
): Promise<string | undefined> {
  const candidates =
    name.includes('/') || isAbsolute(name)
      ? [resolve(folder, name)]
      : searchPath.split(delimiter).map((entry) => resolve(folder, entry, name));
  for (const candidate of candidates) {
    if (await isExecutable(candidate)) return candidate;
  }
  return undefined;
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false; // not there, or not ours to run: the next entry of PATH may be
  }
}
